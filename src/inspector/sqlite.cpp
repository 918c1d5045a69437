#include "inspector/sqlite.hpp"

#include <utility>

namespace tunnel::inspector::sqlite {

statement::statement(sqlite3* connection, std::string_view sql) {
    sqlite3_stmt* made = nullptr;
    const int result = sqlite3_prepare_v3(connection, sql.data(), static_cast<int>(sql.size()),
                                          SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    if (result != SQLITE_OK) throw error(result, sqlite3_errmsg(connection));
    handle_.reset(made);
}

void statement::check(int result) const {
    if (result != SQLITE_OK) throw error(result, sqlite3_errmsg(sqlite3_db_handle(handle_.get())));
}

statement& statement::bind(int at, std::int64_t value) {
    check(sqlite3_bind_int64(handle_.get(), at, value));
    return *this;
}

statement& statement::bind(int at, double value) {
    check(sqlite3_bind_double(handle_.get(), at, value));
    return *this;
}

statement& statement::bind(int at, std::string_view text) {
    // A null pointer would bind NULL.
    check(sqlite3_bind_text64(handle_.get(), at, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC,
                              SQLITE_UTF8));
    return *this;
}

statement& statement::bind_blob(int at, std::string_view bytes) {
    check(sqlite3_bind_blob64(handle_.get(), at, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_STATIC));
    return *this;
}

statement& statement::bind_optional(int at, std::optional<std::int64_t> value) {
    if (value) return bind(at, *value);
    check(sqlite3_bind_null(handle_.get(), at));
    return *this;
}

bool statement::step() {
    const int result = sqlite3_step(handle_.get());
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) return false;
    auto* const connection = sqlite3_db_handle(handle_.get());
    const error failure(result, sqlite3_errmsg(connection));
    sqlite3_reset(handle_.get());
    throw failure;
}

void statement::run() {
    while (step()) {
    }
    reset();
}

std::string_view statement::bytes(int column) const noexcept {
    const auto* const data = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
    return data ? std::string_view{data, size} : std::string_view{};
}

connection::connection(const std::string& name, int flags, int busy_milliseconds) {
    sqlite3* made = nullptr;
    const int result = sqlite3_open_v2(name.c_str(), &made, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    handle_.reset(made);
    if (result != SQLITE_OK) throw error(result, made ? sqlite3_errmsg(made) : "out of memory");
    sqlite3_busy_timeout(made, busy_milliseconds);
}

void connection::execute(const std::string& sql) {
    const int result = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) throw error(result, sqlite3_errmsg(handle_.get()));
}

std::int64_t connection::integer(std::string_view sql) const {
    auto query = prepare(sql);
    return query.step() ? query.integer(0) : 0;
}

std::string connection::text(std::string_view sql) const {
    auto query = prepare(sql);
    return query.step() ? query.text(0) : std::string{};
}

transaction::transaction(connection& on, const char* begin) : on_(on) { on_.execute(begin); }

transaction::~transaction() {
    // Fails where SQLite has rolled back already.
    if (open_) sqlite3_exec(on_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void transaction::commit() {
    on_.execute("COMMIT");
    open_ = false;
}

}  // namespace tunnel::inspector::sqlite
