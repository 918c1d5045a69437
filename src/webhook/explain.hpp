#pragma once

#include <span>
#include <string>

#include "webhook/check.hpp"
#include "webhook/report.hpp"

/// The sentences of reports. None is given a secret's value, so none can hold one.
namespace tunnel::webhook::explain {

[[nodiscard]] std::string right(const std::string& secret_name);
[[nodiscard]] std::string app_refused(const scheme& row, const delivery& d);
/// Of a compressed body.
[[nodiscard]] std::string app_decoded(const delivery& d);
[[nodiscard]] std::string old(const scheme& row, const report& about);
[[nodiscard]] std::string ahead(const scheme& row, const report& about);
[[nodiscard]] std::string old_by_now(const scheme& row, const report& about);
[[nodiscard]] std::string not_signed(const scheme& row);
[[nodiscard]] std::string no_secret(const scheme& row);
[[nodiscard]] std::string truncated(const delivery& d);
[[nodiscard]] std::string no_timestamp(const scheme& row);
[[nodiscard]] std::string malformed(const scheme& row);
[[nodiscard]] std::string bad_key(const scheme& row, const std::string& secret_name);
[[nodiscard]] std::string body_hash(const scheme& row);
[[nodiscard]] std::string wrong(const scheme& row);
/// `names`: of the secrets that were tried.
[[nodiscard]] std::string no_cause(const scheme& row, const std::string& names, std::string_view body);

}  // namespace tunnel::webhook::explain
