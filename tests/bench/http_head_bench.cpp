#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/body_decoder.hpp"
#include "http/head_writer.hpp"
#include "http/request_parser.hpp"
#include "http/response_parser.hpp"
#include "http/writable.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::http {
namespace {

// What a browser sends and an app answers; the webhook is the common small case.
constexpr std::string_view webhook =
    "POST /hooks/payment?source=test HTTP/1.1\r\n"
    "Host: example.com\r\n"
    "User-Agent: Webhook/1.0\r\n"
    "Accept: */*\r\n"
    "Content-Type: application/json\r\n"
    "X-Signature: sha256=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\r\n"
    "X-Request-Id: 7c9e6679-7425-40de-944b-e07fc1f90ae7\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Connection: keep-alive\r\n"
    "Content-Length: 512\r\n\r\n";

constexpr std::string_view answer =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: application/json; charset=utf-8\r\n"
    "Cache-Control: no-store\r\n"
    "ETag: W/\"2f-9f86d081884c7d65\"\r\n"
    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "Connection: keep-alive\r\n"
    "Keep-Alive: timeout=5\r\n"
    "Content-Length: 1024\r\n\r\n";

void parse_request(benchmark::State& state) {
    request_parser parser{limits::max_head};
    for (auto _ : state) {
        received_request out;
        parse_error error;
        benchmark::DoNotOptimize(parser.parse(webhook, out, error));
        parser.reset();
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(webhook.size()));
}
BENCHMARK(parse_request);

void parse_response(benchmark::State& state) {
    response_parser parser{limits::max_head};
    for (auto _ : state) {
        received_response out;
        parse_error error;
        benchmark::DoNotOptimize(parser.parse(answer, false, out, error));
        parser.reset();
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(answer.size()));
}
BENCHMARK(parse_response);

/// A head of 60 KiB that arrives in pieces of this many bytes.
void parse_trickled_request(benchmark::State& state) {
    const auto piece = static_cast<std::size_t>(state.range(0));
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
    while (head.size() < limits::max_head - 100) head += "X-Field: " + std::string(90, 'x') + "\r\n";
    head += "\r\n";
    request_parser parser{limits::max_head};
    for (auto _ : state) {
        received_request out;
        parse_error error;
        std::size_t n = 0;
        while (parser.parse({head.data(), n}, out, error) == 0 && !error) n = std::min(n + piece, head.size());
        parser.reset();
    }
}
BENCHMARK(parse_trickled_request)->Arg(1)->Arg(1024)->Arg(65536)->Unit(benchmark::kMicrosecond);

void write_request(benchmark::State& state) {
    request_parser parser{limits::max_head};
    received_request request;
    parse_error error;
    benchmark::DoNotOptimize(parser.parse(webhook, request, error));
    byte_buffer out;
    for (auto _ : state) {
        out.clear();
        benchmark::DoNotOptimize(is_writable(request.head));
        append_request_head(out, request.head, {.body = request.body, .app_host = {}});
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK(write_request);

void write_response(benchmark::State& state) {
    response_parser parser{limits::max_head};
    received_response response;
    parse_error error;
    benchmark::DoNotOptimize(parser.parse(answer, false, response, error));
    byte_buffer out;
    for (auto _ : state) {
        out.clear();
        benchmark::DoNotOptimize(is_writable(response.head));
        append_response_head(out, response.head, {.minor = 1, .keep_alive = true, .body = response.body});
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK(write_response);

/// 64 KiB of body in chunks of this size.
void decode_chunks(benchmark::State& state) {
    const auto chunk = static_cast<std::size_t>(state.range(0));
    byte_buffer written;
    for (std::size_t n = 0; n < 64 * limits::kib; n += chunk) {
        append_chunk_start(written, chunk);
        written.append(std::string(chunk, 'x'));
        written.append(chunk_end);
    }
    append_last_chunk(written, {});
    std::string work;
    for (auto _ : state) {
        work.assign(written.view());
        body_decoder decoder{body_kind::chunked, 0};
        parse_error error;
        benchmark::DoNotOptimize(decoder.decode(work.data(), work.size(), error));
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(written.size()));
}
BENCHMARK(decode_chunks)->Arg(16)->Arg(1024)->Arg(65536);

}  // namespace
}  // namespace tunnel::http
