#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include "inspector_http/inspector_fixture.hpp"

// An inspector with some records, without a tunnel, for tests in other languages:
//
//     inspector_sample_server [--open-ngrok-api]
//
// prints "ready ORIGIN TOKEN" and runs until its standard input ends.

namespace {

using namespace tunnel;
using namespace tunnel::inspector;
using namespace tunnel::inspector_http;

void fill(history& h) {
    for (int i = 0; i < 20; ++i) {
        auto r = sample_record(h.next_id());
        r.arrived = std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
        r.parent = 0;
        r.origin = record_origin::live;
        r.note = {};
        if (i % 3 == 0) r.response.status = 500;
        if (i % 4 == 0) r.messages.clear();
        if (i % 5 == 0) r.response = {};
        h.put(std::make_shared<const record>(std::move(r)));
    }
    h.flush();
}

}  // namespace

int main(int argc, char** argv) {
    const bool open_ngrok_api = argc > 1 && std::string(argv[1]) == "--open-ngrok-api";
    live_feed feed;
    history_settings settings;
    settings.mode = history_mode::memory;
    history h(settings, {}, feed.listener());
    fill(h);
    scripted_replayer replays;
    fixed_status status;
    scripted_faults faults;
    const fixed_stub stub;
    const server s({h, feed, replays, status, {}, &faults, &stub},
                   {address{"127.0.0.1", 0}, "", {}, {}, open_ngrok_api});
    std::cout << "ready " << s.origin() << " " << s.token() << std::endl;
    while (std::getchar() != EOF) {
    }
    return 0;
}
