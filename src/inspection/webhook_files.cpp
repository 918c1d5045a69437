#include "inspection/webhook_files.hpp"

#include <unistd.h>

#include <iterator>
#include <utility>

namespace tunnel::inspection {

webhook_knowledge load(const webhook_files& from) {
    webhook_knowledge all;
    all.schemes = from.schemes.empty() ? webhook::builtin_schemes() : webhook::load_schemes(from.schemes);
    if (!from.secrets.empty()) all.secrets = webhook::load_secrets(from.secrets, all.schemes);
    auto more = webhook::secrets_of_environment(environ, all.schemes);
    all.secrets.insert(all.secrets.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    return all;
}

}  // namespace tunnel::inspection
