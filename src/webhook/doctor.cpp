#include "webhook/doctor.hpp"

#include <algorithm>

#include "webhook/explain.hpp"

namespace tunnel::webhook {

bool wrong_signature::is_right_for(ingredients from) const {
    return std::ranges::any_of(own, [&](const secret* candidate) {
        return std::ranges::any_of(urls, [&](const std::string& url) {
            from.url = url;
            return check(row(), candidate->value, from, read.signatures) == check_result::right;
        });
    });
}

finding find_cause(const wrong_signature& s) {
    for (const auto search :
         {find_secret_fault, find_signature_fault, find_body_fault, find_url_fault, find_other_credential})
        if (auto found = search(s)) return std::move(*found);
    if (s.read.signatures.empty()) return {cause::malformed, explain::malformed(s.row())};
    std::string names;
    for (const auto* const candidate : s.own) names.append(names.empty() ? "" : ", ").append(candidate->name);
    return {cause::unknown, explain::no_cause(s.row(), names, s.request.body)};
}

}  // namespace tunnel::webhook
