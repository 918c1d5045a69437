#include <atomic>
#include <memory>

#include "inspector/export.hpp"
#include "inspector_http/api_json.hpp"
#include "inspector_http/handlers.hpp"
#include "inspector_http/limits.hpp"

namespace tunnel::inspector_http::handlers {

using namespace inspector;

namespace {

struct wanted_export {
    export_format format;
    export_options options;
};

wanted_export parse_export(const call& c) {
    const auto p = c.params();
    const auto* name = p.find("format");
    const auto format = name ? parse_export_format(*name) : std::nullopt;
    if (!format || *format == export_format::raw_response) {
        throw bad_request("\"format\" is curl, httpie, fetch, http, raw, har or ndjson.");
    }
    return {*format, {p.flag("include_secrets"), {}}};
}

std::string_view type_of(export_format format) noexcept {
    switch (format) {
        case export_format::har:
            return "application/json";
        case export_format::ndjson:
            return "application/x-ndjson";
        case export_format::raw_request:
        case export_format::raw_response:
            return "application/octet-stream";
        default:
            return "text/plain; charset=utf-8";
    }
}

std::string_view extension_of(export_format format) noexcept {
    switch (format) {
        case export_format::har:
            return ".har";
        case export_format::ndjson:
            return ".ndjson";
        case export_format::http_file:
            return ".http";
        case export_format::fetch:
            return ".js";
        case export_format::raw_request:
        case export_format::raw_response:
            return ".bin";
        default:
            return ".sh";
    }
}

/// Gives all that matches, oldest first, some records at a time.
class matching_export {
 public:
    matching_export(const services& s, query filter, wanted_export wanted)
        : services_(s), exporter_(wanted.format, std::move(wanted.options)) {
        next_.filter = std::move(filter);
        next_.limit = limits::largest_page;
        next_.oldest_first = true;
    }

    std::optional<std::string> next_part() {
        if (state_ == state::ended) return std::nullopt;
        std::string part;
        if (state_ == state::begun) {
            part = exporter_.begin();
            state_ = state::going;
            // So that an export of a busy history ends.
            page_request newest;
            newest.limit = 1;
            const auto page = read_page(services_, newest);
            last_ = page.items.empty() ? 0 : page.items.front().id;
        }
        while (part.size() < limits::export_part) {
            if (at_ == ids_.size() && !read_ids()) {
                part += exporter_.end();
                state_ = state::ended;
                return part;
            }
            if (at_ == ids_.size()) return part;  // a page without a match: a slow filter leaves the workers to others
            // Between the two it may have been deleted.
            if (const auto whole = services_.history.find(ids_[at_++])) part += exporter_.next(*whole);
        }
        return part;
    }

 private:
    enum class state : std::uint8_t { begun, going, ended };

    bool read_ids() {
        if (next_.after >= last_) return false;
        ids_.clear();
        at_ = 0;
        const auto page = read_page(services_, next_);
        for (const auto& r : page.items) {
            if (r.id <= last_) ids_.push_back(r.id);
        }
        next_.after = page.next == 0 ? last_ : page.next;
        return true;
    }

    const services& services_;
    exporter exporter_;
    page_request next_;
    record_id last_ = 0;
    std::vector<record_id> ids_;
    std::size_t at_ = 0;
    state state_ = state::begun;
};

/// Counts the imports that run.
class import_turn {
 public:
    import_turn() {
        if (running_.fetch_add(1) < limits::imports) return;
        --running_;
        throw api_error(503, "busy", "Another import is running; try again when it has ended.");
    }
    ~import_turn() { --running_; }
    import_turn(const import_turn&) = delete;
    import_turn& operator=(const import_turn&) = delete;

 private:
    static inline std::atomic<int> running_{0};
};

}  // namespace

reply export_exchange(const call& c) {
    const auto wanted = parse_export(c);
    const auto r = record_of(c);
    const auto name = to_string(r.id) + std::string(extension_of(wanted.format));
    return attachment(export_record(r, wanted.format, wanted.options), type_of(wanted.format), name);
}

reply export_matching(const call& c) {
    const auto wanted = parse_export(c);
    auto filter = c.params().filter();
    body_stream stream;
    const auto name = "requests" + std::string(extension_of(wanted.format));
    stream.head = attachment({}, type_of(wanted.format), name);
    auto source = std::make_shared<matching_export>(c.s, std::move(filter), wanted);
    stream.next = [source] { return source->next_part(); };
    return stream;
}

reply import_records(const call& c) {
    if (c.s.history.status().mode == history_mode::off) {
        throw api_error(503, "history_unavailable", "Nothing is kept: start tunnel-client without --history off.");
    }
    if (c.received.body.empty()) throw bad_request("The body is empty: send a HAR or NDJSON file.");
    const import_turn turn;
    const auto result = inspector::import_records(c.received.body, [&](record r) { c.s.history.import(std::move(r)); });
    if (!result.error.empty() && result.records == 0) throw bad_request("Nothing was imported: " + result.error + ".");
    c.s.history.flush();
    auto skipped = ordered_json::array();
    if (!result.error.empty()) skipped.push_back({{"index", result.records}, {"reason", shown_text(result.error)}});
    return json_response({{"imported", result.records}, {"skipped", std::move(skipped)}});
}

}  // namespace tunnel::inspector_http::handlers
