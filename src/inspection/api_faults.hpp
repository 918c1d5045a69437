#pragma once

#include "faults/fault_gate.hpp"
#include "inspector_http/fault_control.hpp"

namespace tunnel::inspection {

/// The faults of a client as the inspector's API has them.
class api_faults final : public inspector_http::fault_control {
 public:
    explicit api_faults(faults::fault_gate& gate) : gate_(gate) {}

    [[nodiscard]] std::vector<inspector_http::fault_info> faults() const override;
    [[nodiscard]] std::variant<inspector_http::fault_info, std::string> add(
        const std::string& rule, std::optional<std::chrono::milliseconds> lasts) override;
    bool remove(std::uint64_t id) override { return gate_.remove(id); }
    void clear() override { gate_.clear(); }

 private:
    faults::fault_gate& gate_;
};

}  // namespace tunnel::inspection
