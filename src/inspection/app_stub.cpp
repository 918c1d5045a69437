#include "inspection/app_stub.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <mutex>
#include <random>
#include <stdexcept>
#include <utility>

#include "base/log.hpp"
#include "base/log_text.hpp"
#include "faults/request_record.hpp"
#include "http/writable.hpp"
#include "inspection/limits.hpp"
#include "io/runtime.hpp"
#include "stub/rule_summary.hpp"
#include "stub/stub_error.hpp"

namespace tunnel::inspection {

namespace {

inspector::time_point now() {
    return std::chrono::time_point_cast<inspector::duration>(std::chrono::system_clock::now());
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

app_stub::app_stub(const std::string& file, const webhook_files& webhooks, bool keeps_history)
    : judge_(webhooks), keeps_history_(keeps_history), file_(file, webhooks) {
    read();
}

std::shared_ptr<stub::responder> app_stub::rules() const {
    const std::lock_guard lock(mutex_);
    return rules_;
}

void app_stub::read() {
    auto made = std::make_shared<stub::responder>(file_.read(), random_bits());
    if (made->needs_history() && !keeps_history_)
        throw stub::stub_error("--stub " + file_.path() +
                               ": a rule asks for the last good response, which comes from the history; leave "
                               "--history and --inspect-addr on");
    const std::lock_guard lock(mutex_);
    rules_ = std::move(made);
    precedes_app_ = rules_->precedes_app();
    read_at_ = now();
    problem_.clear();
}

void app_stub::on_change(std::function<void()> changed) {
    const std::lock_guard lock(callback_mutex_);
    changed_ = std::move(changed);
}

void app_stub::watch(std::function<void(const std::string&)> say) {
    io::asio::post(worker_, [this, say = std::move(say)]() mutable {
        say_ = std::move(say);
        look_later();
    });
}

void app_stub::look_later() {
    if (stopped_) return;
    next_look_.expires_after(limits::stub_interval);
    next_look_.async_wait([this](const io::error_code& error) {
        if (error) return;
        look();
        look_later();
    });
}

void app_stub::look() {
    if (!file_.has_changed()) return;
    read_again();
    const std::lock_guard lock(callback_mutex_);
    if (changed_) changed_();
}

void app_stub::read_again() {
    try {
        read();
        say_(fmt::format("{} was read again: {}", file_.path(), counted(rules()->size(), "rule")));
    } catch (const std::exception& error) {
        spdlog::warn("{}; the rules that were read before stay in force", error.what());
        const std::lock_guard lock(mutex_);
        problem_ = error.what();
    }
}

void app_stub::stop() {
    stopped_ = true;
    io::asio::post(worker_, [this] { next_look_.cancel(); });
    worker_.join();
}

inspector_http::stub_info app_stub::stub() const {
    inspector_http::stub_info info;
    info.file = file_.path();
    std::shared_ptr<stub::responder> rules;
    {
        const std::lock_guard lock(mutex_);
        rules = rules_;
        info.read_at = read_at_;
        info.problem = problem_;
    }
    for (std::size_t i = 0; i < rules->size(); ++i) {
        const auto& rule = rules->at(i);
        info.rules.push_back({.filter = rule.filter_text,
                              .always = rule.when == stub::condition::always,
                              .responds = stub::summary_of(rule),
                              .responses = rules->responses(i)});
    }
    return info;
}

client::app_stand_in::maker app_stub::choose(const protocol::request& request, moment when) {
    const auto found = std::make_shared<chosen>();
    found->request = faults::record_of(request);
    found->request.webhook = judge_.note_of(found->request);
    found->absent = when == moment::app_absent;
    found->rules = rules();
    const auto rule = found->rules->choose(found->request, found->absent);
    if (!rule || stopped_) return {};
    found->rule = *rule;
    if (!found->rules->wants_last_good(*rule)) {
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
    auto& rules = *to.rules;
    for (auto rule = std::optional(to.rule); rule; rule = rules.choose(to.request, to.absent, *rule + 1)) {
        std::optional<stub::reply> made;
        if (rules.wants_last_good(*rule)) made = last_good(to.request);
        if (!made) made = rules.respond(*rule, to.request, now());
        if (!made) continue;
        response whole;
        whole.head.status = made->status;
        for (const auto& [name, value] : made->fields) whole.head.fields.add(name, value);
        whole.head.fields.add("X-Tunnel-Stub", std::to_string(*rule + 1));
        whole.body = std::move(made->body);
        whole.rule = static_cast<unsigned>(*rule + 1);
        if (!http::is_writable(whole.head)) continue;
        rules.count_response(*rule);
        return whole;
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
    const auto keeps_history = settings.on && settings.history != "off";
    return std::make_shared<app_stub>(settings.stub, settings.webhooks, keeps_history);
}

}  // namespace tunnel::inspection
