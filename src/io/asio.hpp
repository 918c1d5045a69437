#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

namespace tunnel::io {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;
using executor = asio::any_io_executor;
using clock = std::chrono::steady_clock;

/// Errors come back as values: `auto [error, n] = co_await ...(no_throw)`.
inline constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

}  // namespace tunnel::io
