#include "inspection/make_faults.hpp"

#include <random>
#include <utility>

#include "inspection/webhook_judge.hpp"

namespace tunnel::inspection {

std::shared_ptr<faults::fault_gate> make_faults(io::runtime& rt, const client::options& client_settings,
                                                const options& settings, std::function<void(const std::string&)> say) {
    faults::fault_gate::surroundings around;
    around.recognise = [judge = std::make_shared<const webhook_judge>(settings.webhooks)](const inspector::record& r) {
        return judge->note_of(r);
    };
    around.say = std::move(say);
    around.random = [engine = std::mt19937(std::random_device()())]() mutable {
        return std::uniform_real_distribution<double>(0, 1)(engine);
    };
    auto made = std::make_shared<faults::fault_gate>(rt, client_settings, std::move(around));
    for (const auto& rule : settings.faults) static_cast<void>(made->add(rule));
    return made;
}

}  // namespace tunnel::inspection
