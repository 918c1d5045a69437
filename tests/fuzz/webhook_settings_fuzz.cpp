#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "webhook/scheme.hpp"
#include "webhook/secrets.hpp"
#include "webhook/settings_error.hpp"

// The files of secrets and of schemes.

using namespace tunnel::webhook;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    try {
        for (const auto& one : parse_secrets(input, builtin_schemes()))
            if (one.value.empty() || !one.name.starts_with(one.provider)) std::abort();
    } catch (const settings_error&) {
    }
    try {
        if (parse_schemes(input).size() < builtin_schemes().size()) std::abort();
    } catch (const settings_error&) {
    }
    const std::string variable = "TUNNEL_SECRET_" + std::string(input);
    const char* const environment[] = {variable.c_str(), nullptr};
    try {
        (void)secrets_of_environment(environment, builtin_schemes());
    } catch (const settings_error&) {
    }
    return 0;
}
