#include "inspection/replay_run.hpp"

#include <optional>
#include <utility>

#include "client/observed_peer.hpp"

namespace tunnel::inspection {

namespace {

client::options for_app(client::options settings, const std::optional<address>& app) {
    // What the record has was rewritten already, where it was.
    settings.host_header = "preserve";
    settings.stand_in = nullptr;  // a replay shows what the app does
    if (!app) return settings;
    settings.local_host = app->host;
    settings.local_host_given = true;
    settings.local_port = app->port;
    return settings;
}

}  // namespace

replay_run::replay_run(io::runtime& rt, const client::options& settings, std::shared_ptr<client::app_knowledge> app,
                       capture& recorded, replay_job job)
    : settings_(for_app(settings, job.to)),
      strand_(rt.new_strand()),
      app_(std::make_shared<client::app_session>(strand_, settings_, std::move(app))),
      capture_(recorded),
      job_(std::move(job)),
      timeout_(strand_, [this] { end(protocol::cancel_reason::local_timeout); }) {}

void replay_run::start() {
    io::post_to(strand_, [self = shared_from_this()] { self->begin(); });
}

void replay_run::cancel() {
    io::post_to(strand_, [self = shared_from_this()] { self->end(protocol::cancel_reason::caller_gone); });
}

void replay_run::begin() {
    protocol::request request;
    request.from.caller = "inspector";  // for the log
    request.head = std::move(job_.message.head);
    request.body.append(job_.message.body);
    // An empty chunked body stays one only if its end comes apart from the head.
    const auto empty_chunked = job_.message.chunked && request.body.empty();
    request.end = !empty_chunked;
    if (request.end) request.trailers = std::move(job_.message.trailers);
    const auto finished = [self = shared_from_this()](std::shared_ptr<const inspector::record> whole) {
        self->finished(std::move(whole));
    };
    auto observer =
        capture_.begin_replay(request, {job_.parent, job_.message.edited, job_.public_url, job_.app, finished});
    if (!observer) return this->finished(nullptr);
    observer_ = observer;
    const auto exchange =
        std::make_shared<mux::exchange>(strand_, std::make_shared<client::observed_peer>(shared_from_this(), observer));
    exchange_ = exchange;
    if (empty_chunked) {
        protocol::data last;
        last.end = true;
        last.trailers = std::move(job_.message.trailers);
        exchange->deliver(mux::incoming(std::move(last)));
    }
    timeout_.set(job_.timeout);
    app_->serve(exchange, mux::part<protocol::request>(std::move(request)), std::move(observer));
    app_->finish();
}

void replay_run::send(mux::part<mux::outgoing> sent) {
    const auto bytes = std::visit([](const auto& part) { return part.body.size(); }, *sent);
    if (const auto exchange = exchange_.lock(); exchange && bytes > 0) exchange->accepted(bytes);
}

void replay_run::end(protocol::cancel_reason why) {
    const auto exchange = exchange_.lock();
    if (!exchange || exchange->over()) return;
    if (const auto observer = observer_.lock()) observer->cancelled(why);
    exchange->deliver(mux::incoming(mux::failed{mux::failure::tunnel_lost}));
}

void replay_run::finished(std::shared_ptr<const inspector::record> result) {
    timeout_.stop();
    const auto done = std::exchange(job_.done, nullptr);
    if (done) done(std::move(result));
}

}  // namespace tunnel::inspection
