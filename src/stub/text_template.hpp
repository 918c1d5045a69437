#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tunnel::stub {

/// What a placeholder of a template stands for, as it is written:
enum class value_source : std::uint8_t {
    method,     ///< {{method}}
    path,       ///< {{path}}: the target without its query
    query,      ///< {{query.NAME}}: a parameter of the URL, decoded
    field,      ///< {{field.NAME}}
    json,       ///< {{json.PATH}}: a member of the JSON body, such as json.data.items[0].id
    form,       ///< {{form.NAME}}: a value of the form that the body is
    time,       ///< {{time}}: now, as 2026-11-30T14:02:01.000000Z
    unix_time,  ///< {{unix_time}}: now, in seconds since 1970
    counter,    ///< {{counter}}: how often the rule has responded, from 1
    uuid,       ///< {{uuid}}: a random one, the same throughout one response
};

struct placeholder {
    value_source source = value_source::method;
    std::string name;               ///< of query, field and form
    std::vector<std::string> path;  ///< of json
};

/// A text with placeholders. `{{{{` stands for `{{`.
class text_template {
 public:
    using part = std::variant<std::string, placeholder>;

    /// Why the text is not a template: a sentence that names the place.
    [[nodiscard]] static std::variant<text_template, std::string> parse(std::string_view text);
    /// A text in which nothing is filled in.
    [[nodiscard]] static text_template plain(std::string text);

    [[nodiscard]] const std::vector<part>& parts() const noexcept { return parts_; }
    /// Null unless the text is that placeholder and nothing else.
    [[nodiscard]] const placeholder* single() const noexcept;

 private:
    std::vector<part> parts_;
};

}  // namespace tunnel::stub
