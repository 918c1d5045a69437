#pragma once

#include <string>
#include <vector>

namespace tunnel::test {

/// What the caller sends; the app answers with `answer`, or echoes where it is empty.
struct oracle_exchange {
    std::string name;
    std::string request;
    std::string answer;
    bool app_closes = false;
};

/// Every kind of message that HTTP has.
[[nodiscard]] std::vector<oracle_exchange> oracle_exchanges();

}  // namespace tunnel::test
