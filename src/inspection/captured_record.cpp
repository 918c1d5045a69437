#include "inspection/captured_record.hpp"

#include <exception>
#include <utility>

#include "inspection/webhook_judge.hpp"
#include "inspector/body_capture.hpp"

namespace tunnel::inspection {

captured_record::captured_record(std::shared_ptr<const captured_beginning> beginning, inspector::record rest,
                                 std::string head_to_app, std::shared_ptr<const webhook_judge> judge)
    : id_(rest.id),
      last_(rest.state != inspector::record_state::pending),
      beginning_(std::move(beginning)),
      rest_(std::move(rest)),
      head_to_app_(std::move(head_to_app)),
      judge_(std::move(judge)) {}

std::size_t captured_record::size() const noexcept {
    const auto& b = *beginning_;
    const auto shared = b.caller.size() + b.public_url.size() + b.target.size() + b.raw_received.size();
    return inspector::memory_size(rest_) + shared + head_to_app_.size();
}

std::shared_ptr<const inspector::record> captured_record::finish() {
    auto& r = rest_;
    const std::shared_ptr<const inspector::record> whole(shared_from_this(), &r);
    if (finished_) return whole;
    finished_ = true;
    r.caller = beginning_->caller;
    r.public_url = beginning_->public_url;
    r.app = beginning_->app;
    r.request.method = beginning_->method;
    r.request.target = beginning_->target;
    r.request.raw_received = beginning_->raw_received;
    r.request.fields = inspector::fields_of_head(head_to_app_.empty() ? r.request.raw_received : head_to_app_);
    r.response.fields = inspector::fields_of_head(r.response.raw_head);
    inspector::hash_whole(r.request.body);
    inspector::hash_whole(r.response.body);
    if (judge_) {
        try {
            r.webhook = judge_->note_of(r);
        } catch (const std::exception&) {
            r.webhook = {};  // the record is worth keeping without
        }
    }
    return whole;
}

}  // namespace tunnel::inspection
