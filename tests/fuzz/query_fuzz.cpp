#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "inspector/body_capture.hpp"
#include "inspector/query.hpp"
#include "inspector/sqlite.hpp"

// Any bytes as a filter: an error has its place inside of the text; a filter has a prefilter that SQLite takes, and
// what it says of clauses agrees with what it matches.

namespace {

using namespace tunnel::inspector;

void require(bool condition) {
    if (!condition) std::abort();
}

record sample() {
    record r;
    r.id = 1;
    r.request.method = "POST";
    r.request.target = "/hooks?x=1";
    r.request.fields = {{"Content-Type", "application/json"}, {"X-A", "b"}};
    r.request.body = copy_body(R"({"a":{"b":[1,2,{"c":"d"}]},"n":12345678901234567890123})");
    r.response.status = 200;
    r.response.fields = {{"Content-Encoding", "gzip"}};
    r.response.body = copy_body("not gzip");
    return r;
}

void expect_sql(const query& q) {
    static const sqlite::connection database = [] {
        sqlite::connection made(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 0);
        made.execute(
            "CREATE TABLE exchange(id INTEGER PRIMARY KEY, parent, origin, state, arrived, caller, url, host, "
            "method, path, query, status, outcome, last_byte, request_length, response_length, request_type, "
            "response_type, truncated, websocket, labels, provider, event, delivery, signature, marked, comment)");
        return made;
    }();
    const auto condition = q.prefilter();
    // Throws where a name or the number of values is wrong.
    auto rows = database.prepare("SELECT id FROM exchange WHERE " + condition.where);
    int at = 0;
    for (const auto& value : condition.values) {
        if (const auto* text = std::get_if<std::string>(&value)) {
            rows.bind(++at, std::string_view{*text});
        } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
            rows.bind(++at, *integer);
        } else {
            rows.bind(++at, std::get<double>(value));
        }
    }
    require(!rows.step());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto parsed = query::parse(text, time_point{});
    if (const auto* error = std::get_if<query_error>(&parsed)) {
        require(error->position <= text.size() && !error->message.empty());
        require(!describe(*error, text).empty());
        return 0;
    }
    static const record r = sample();
    const auto& q = std::get<query>(parsed);
    const auto unmet = q.unmet(r);
    require(q.match(r) == unmet.empty());
    for (const auto& clause : unmet) require(text.substr(clause.position).starts_with(clause.source));
    expect_sql(q);
    return 0;
}
