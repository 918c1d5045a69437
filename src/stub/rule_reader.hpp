#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "stub/rule.hpp"
#include "stub/rules_file.hpp"

namespace tunnel::stub {

/// Reads one rule of a file. Each member is removed when it is read; one that remains at the end is reported as
/// unknown. Throws stub_error.
class rule_reader {
 public:
    /// `number`: counts from 1; `body_bytes`: of the files that were read so far, to which this adds its own.
    rule_reader(const nlohmann::ordered_json& row, std::size_t number, const rule_sources& from,
                std::size_t& body_bytes)
        : left_(row), number_(number), from_(from), body_bytes_(body_bytes) {}

    [[nodiscard]] rule read();

 private:
    using json = nlohmann::ordered_json;

    [[noreturn]] void fail(std::string_view what) const;
    /// Null: the rule does not have it.
    [[nodiscard]] json take(const char* name);
    [[nodiscard]] std::string take_text(const char* name);
    [[nodiscard]] text_template as_template(const char* member, std::string_view text) const;
    void check_json(const json& value, std::size_t depth) const;

    void read_when(rule& to);
    void read_filter(rule& to);
    void read_challenge(rule& to);
    void find_secret(challenge& of) const;
    void read_response(rule& to);
    void read_fields(written_response& to);
    void add_field(written_response& to, const std::string& name, const json& value) const;
    void read_body(written_response& to);
    void read_body_file(written_response& to);
    void refuse_unknown() const;

    json left_;
    std::size_t number_;
    const rule_sources& from_;
    std::size_t& body_bytes_;
};

}  // namespace tunnel::stub
