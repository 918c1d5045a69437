#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

/// SQLite's C interface with owners and exceptions, and nothing more.
namespace tunnel::inspector::sqlite {

/// What SQLite said. A statement that fails leaves its transaction to be rolled back.
class error : public std::runtime_error {
 public:
    error(int code, const std::string& message) : std::runtime_error(message), code_(code) {}
    /// The primary result code (SQLITE_BUSY, SQLITE_FULL, ...).
    [[nodiscard]] int code() const noexcept { return code_ & 0xFF; }

 private:
    int code_;
};

class statement {
 public:
    statement() = default;
    statement(sqlite3* connection, std::string_view sql);

    /// Parameters count from 1. Texts and blobs must stay until the statement is reset.
    statement& bind(int at, std::int64_t value);
    statement& bind(int at, std::uint64_t value) { return bind(at, static_cast<std::int64_t>(value)); }
    statement& bind(int at, int value) { return bind(at, static_cast<std::int64_t>(value)); }
    statement& bind(int at, double value);
    statement& bind(int at, std::string_view text);
    statement& bind_blob(int at, std::string_view bytes);
    statement& bind_optional(int at, std::optional<std::int64_t> value);

    /// True while there is a row.
    [[nodiscard]] bool step();
    /// Runs to the end and resets.
    void run();
    void reset() noexcept { sqlite3_reset(handle_.get()); }

    [[nodiscard]] std::int64_t integer(int column) const noexcept {
        return sqlite3_column_int64(handle_.get(), column);
    }
    [[nodiscard]] std::uint64_t number(int column) const noexcept {
        return static_cast<std::uint64_t>(integer(column));
    }
    [[nodiscard]] bool is_null(int column) const noexcept {
        return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
    }
    /// Text or blob; valid until the next step.
    [[nodiscard]] std::string_view bytes(int column) const noexcept;
    [[nodiscard]] std::string text(int column) const { return std::string{bytes(column)}; }

 private:
    struct finalizer {
        void operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
    };
    void check(int result) const;

    std::unique_ptr<sqlite3_stmt, finalizer> handle_;
};

/// Resets a statement that lives longer than its use, also where that ends in an exception.
class use {
 public:
    explicit use(statement& s) noexcept : statement_(s) {}
    ~use() { statement_.reset(); }
    use(const use&) = delete;
    use& operator=(const use&) = delete;
    statement* operator->() const noexcept { return &statement_; }
    statement& operator*() const noexcept { return statement_; }

 private:
    statement& statement_;
};

class connection {
 public:
    /// `flags` as of sqlite3_open_v2; names are URIs where SQLITE_OPEN_URI is set.
    connection(const std::string& name, int flags, int busy_milliseconds);

    void execute(const std::string& sql);
    [[nodiscard]] statement prepare(std::string_view sql) const { return {handle_.get(), sql}; }
    /// First column of the first row; 0 where there is none.
    [[nodiscard]] std::int64_t integer(std::string_view sql) const;
    [[nodiscard]] std::string text(std::string_view sql) const;
    [[nodiscard]] int changes() const noexcept { return sqlite3_changes(handle_.get()); }
    [[nodiscard]] sqlite3* handle() const noexcept { return handle_.get(); }

 private:
    struct closer {
        void operator()(sqlite3* c) const noexcept { sqlite3_close_v2(c); }
    };
    std::unique_ptr<sqlite3, closer> handle_;
};

/// Rolled back unless committed.
class transaction {
 public:
    explicit transaction(connection& on, const char* begin = "BEGIN IMMEDIATE");
    ~transaction();
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;
    void commit();

 private:
    connection& on_;
    bool open_ = true;
};

}  // namespace tunnel::inspector::sqlite
