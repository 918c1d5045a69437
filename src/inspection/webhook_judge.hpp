#pragma once

#include <nlohmann/json_fwd.hpp>

#include "inspection/webhook_files.hpp"
#include "inspector/record.hpp"
#include "webhook/verifier.hpp"

namespace tunnel::inspection {

/// Judges the signatures of recorded requests. Any thread.
class webhook_judge {
 public:
    /// Reads the files, and TUNNEL_SECRET_ variables. Throws webhook::settings_error, with a sentence for the user.
    explicit webhook_judge(const webhook_files& from);

    /// What is kept with a record.
    [[nodiscard]] inspector::webhook_note note_of(const inspector::record& of) const;
    /// A Verification of docs/inspector-api.yaml, with the cause of a wrong signature; null where it is not a webhook.
    [[nodiscard]] nlohmann::ordered_json verification_of(const inspector::record& of) const;
    /// What has to change in the request, which is about to be sent, so that its signature is right and fresh.
    [[nodiscard]] webhook::resigned sign_again(const webhook::delivery& request) const;

 private:
    webhook::verifier verifier_;
};

}  // namespace tunnel::inspection
