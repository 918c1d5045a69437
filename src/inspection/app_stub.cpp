#include "inspection/app_stub.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <random>
#include <stdexcept>
#include <utility>

#include "base/log.hpp"
#include "faults/request_record.hpp"
#include "http/writable.hpp"
#include "inspection/limits.hpp"
#include "io/runtime.hpp"
#include "stub/limits.hpp"
#include "stub/rules_file.hpp"
#include "stub/stub_error.hpp"

namespace tunnel::inspection {

namespace {

inspector::time_point now() {
    return std::chrono::time_point_cast<inspector::duration>(std::chrono::system_clock::now());
}

std::string bytes_of(const std::filesystem::path& file, std::size_t most) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error))
        throw stub::stub_error(fmt::format("{} is not a file that can be read", file.string()));
    std::ifstream in(file, std::ios::binary);
    std::string bytes(most + 1, '\0');
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad() || (!in.eof() && in.fail()) || !in.is_open())
        throw stub::stub_error(fmt::format("{} cannot be read", file.string()));
    if (bytes.size() > most) throw stub::stub_error(fmt::format("{} has more than {} bytes", file.string(), most));
    return bytes;
}

/// Files that rules name are looked for beside the rules.
std::vector<stub::rule> rules_of(const std::string& file, const webhook_files& webhooks) {
    const auto known = load(webhooks);
    try {
        stub::rule_sources from;
        from.now = now();
        from.secrets = known.secrets;
        from.read = [folder = std::filesystem::path(file).parent_path()](const std::string& path, std::size_t most) {
            return bytes_of(folder / path, most);
        };
        return stub::parse_rules(bytes_of(file, stub::limits::rules_file), from);
    } catch (const stub::stub_error& error) {
        throw stub::stub_error(fmt::format("--stub {}: {}", file, error.what()));
    }
}

std::function<std::uint64_t()> random_bits() {
    struct source {
        std::mutex mutex;
        std::mt19937_64 engine{std::random_device()()};
    };
    return [shared = std::make_shared<source>()] {
        const std::lock_guard lock(shared->mutex);
        return shared->engine();
    };
}

std::optional<stub::reply> newest_good(const inspector::history& records, const inspector::record& request) {
    auto filter = inspector::query::parse(stub::good_responses_to(request), now());
    if (!std::holds_alternative<inspector::query>(filter)) return std::nullopt;  // the path is too long for a filter
    inspector::page_request page;
    page.filter = std::get<inspector::query>(std::move(filter));
    page.limit = 1;
    page.time = limits::last_good_search;
    const auto found = records.list(page);
    if (found.items.empty()) return std::nullopt;
    const auto whole = records.find(found.items.front().id);
    if (!whole) return std::nullopt;
    return stub::repeat(*whole);
}

}  // namespace

app_stub::app_stub(const std::string& file, const webhook_files& webhooks)
    : judge_(webhooks), rules_(rules_of(file, webhooks), random_bits()) {}

void app_stub::stop() {
    stopped_ = true;
    worker_.join();
}

client::app_stand_in::maker app_stub::choose(const protocol::request& request, moment when) {
    const auto found = std::make_shared<chosen>();
    found->request = faults::record_of(request);
    found->request.webhook = judge_.note_of(found->request);
    found->absent = when == moment::app_absent;
    const auto rule = rules_.choose(found->request, found->absent);
    if (!rule || stopped_) return {};
    found->rule = *rule;
    if (!rules_.wants_last_good(*rule)) {
        return [this, found](const io::executor& strand, responded done) {
            io::post_to(strand, [this, found, done = std::move(done)] { done(respond(*found)); });
        };
    }
    return [this, found](const io::executor& strand, responded done) {
        io::asio::post(worker_, [this, found, strand, done = std::move(done)] {
            io::post_to(strand, [made = respond(*found), done] { done(made); });
        });
    };
}

std::optional<client::app_stand_in::response> app_stub::respond(const chosen& to) {
    for (auto rule = std::optional(to.rule); rule; rule = rules_.choose(to.request, to.absent, *rule + 1)) {
        std::optional<stub::reply> made;
        if (rules_.wants_last_good(*rule)) made = last_good(to.request);
        if (!made) made = rules_.respond(*rule, to.request, now());
        if (!made) continue;
        response whole;
        whole.head.status = made->status;
        for (const auto& [name, value] : made->fields) whole.head.fields.add(name, value);
        whole.head.fields.add("X-Tunnel-Stub", std::to_string(*rule + 1));
        whole.body = std::move(made->body);
        whole.note = fmt::format("stub {}", *rule + 1);
        if (http::is_writable(whole.head)) return whole;
    }
    return std::nullopt;
}

std::optional<stub::reply> app_stub::last_good(const inspector::record& request) const {
    if (records_ == nullptr) return std::nullopt;
    try {
        return newest_good(*records_, request);
    } catch (const std::exception& error) {
        spdlog::warn("stub: the history cannot be read: {}", error.what());
        return std::nullopt;
    }
}

std::shared_ptr<app_stub> make_stub(const client::options& client_settings, const options& settings) {
    if (settings.stub.empty()) return nullptr;
    if (client_settings.echo)
        throw std::runtime_error(
            "--stub and --echo exclude each other: with --echo the client responds to every "
            "request; leave one of them out");
    auto made = std::make_shared<app_stub>(settings.stub, settings.webhooks);
    const auto keeps_history = settings.on && settings.history != "off";
    if (made->rules().needs_history() && !keeps_history)
        throw std::runtime_error("--stub " + settings.stub +
                                 ": a rule asks for the last good response, which comes from the history; leave "
                                 "--history and --inspect-addr on");
    return made;
}

}  // namespace tunnel::inspection
