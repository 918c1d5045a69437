#pragma once

#include <stdexcept>

namespace tunnel::stub {

/// What is wrong with a file of rules, and the remedy, in a sentence for the user. Holds no secret.
class stub_error : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

}  // namespace tunnel::stub
