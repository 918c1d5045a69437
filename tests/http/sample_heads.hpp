#pragma once

#include "head_feeding.hpp"

/// Heads as they are before they are written.
namespace tunnel::http {

inline request_head get(const test::lines& lines = {{"Host", "a"}}) {
    request_head head;
    head.method = "GET";
    head.target = "/p?q";
    head.fields = test::fields_of(lines);
    return head;
}

inline response_head answer(unsigned status, const test::lines& lines = {{"Date", "x"}}) {
    response_head head;
    head.status = status;
    head.reason = "R";
    head.fields = test::fields_of(lines);
    return head;
}

}  // namespace tunnel::http
