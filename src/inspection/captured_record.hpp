#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "inspector/history.hpp"
#include "inspector/record.hpp"

namespace tunnel::inspection {

class webhook_judge;

/// What is known of an exchange when it begins; every version of its record shares it.
struct captured_beginning {
    std::string caller;
    std::string public_url;
    std::string app;
    std::string method;
    std::string target;
    std::string raw_received;
};

/// A version of the record of an exchange. Copying, parsing of fields, digests and the signature are left to finish().
class captured_record final : public inspector::unfinished_record,
                              public std::enable_shared_from_this<captured_record> {
 public:
    /// `rest`: what the beginning does not have, and the request's fields only by `head_to_app`, its head as the app
    /// gets it; empty: as received. `judge`: of the signature; null: it is not judged.
    captured_record(std::shared_ptr<const captured_beginning> beginning, inspector::record rest,
                    std::string head_to_app, std::shared_ptr<const webhook_judge> judge);

    [[nodiscard]] inspector::record_id id() const noexcept override { return id_; }
    [[nodiscard]] bool is_last() const noexcept override { return last_; }
    [[nodiscard]] std::size_t size() const noexcept override;
    [[nodiscard]] std::shared_ptr<const inspector::record> finish() override;

 private:
    inspector::record_id id_;
    bool last_;
    std::shared_ptr<const captured_beginning> beginning_;
    inspector::record rest_;
    std::string head_to_app_;
    std::shared_ptr<const webhook_judge> judge_;
    bool finished_ = false;
};

}  // namespace tunnel::inspection
