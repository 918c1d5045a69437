#pragma once

#include <stdexcept>

namespace tunnel::webhook {

/// What is wrong with a file or a variable, and the remedy, in a sentence for the user. Holds no secret.
class settings_error : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

}  // namespace tunnel::webhook
