#include "webhook/provider_rows.hpp"

#include <algorithm>

namespace tunnel::webhook {

provider_rows find_provider(std::span<const scheme> schemes, const request_values& values) {
    provider_rows found;
    for (const auto& row : schemes) {
        if (!found.readings.empty() && row.provider != found.readings.front().row->provider) continue;
        if (auto read = read_signature(row, values)) found.readings.push_back(std::move(*read));
    }
    const auto of_provider = [&](const scheme& row) {
        if (!found.readings.empty()) return row.provider == found.readings.front().row->provider;
        return std::ranges::any_of(
            row.marks, [&](const std::string& name) { return find_field(values.request().fields, name) != nullptr; });
    };
    const auto first = std::ranges::find_if(schemes, of_provider);
    if (first != schemes.end()) found.first = &*first;
    return found;
}

std::vector<const secret*> secrets_of(const scheme& row, std::span<const secret> all) {
    std::vector<const secret*> own;
    for (const auto& candidate : all)
        if (candidate.provider == row.provider) own.push_back(&candidate);
    for (const auto& candidate : all)
        if (std::ranges::find(row.also, candidate.provider) != row.also.end()) own.push_back(&candidate);
    return own;
}

const reading& choose_reading(const provider_rows& rows, std::span<const secret* const> own) {
    const auto fitting = std::ranges::find_if(rows.readings, [&](const reading& read) {
        return std::ranges::any_of(own, [&](const secret* candidate) { return fits(*read.row, candidate->value); });
    });
    return fitting == rows.readings.end() ? rows.readings.front() : *fitting;
}

}  // namespace tunnel::webhook
