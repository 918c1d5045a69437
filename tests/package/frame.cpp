#include <tunnel/protocol/frame.hpp>
#include <tunnel/protocol/message_codec.hpp>
#include <variant>

int main() {
    tunnel::byte_buffer out;
    tunnel::protocol::append_data(out, 7, "hello", true);
    std::error_code error;
    const auto frame = tunnel::protocol::read_frame(out.view(), error);
    tunnel::protocol::message_decoder decoder;
    tunnel::protocol::message m;
    if (error || decoder.decode(frame.payload, m)) return 1;
    const auto* data = std::get_if<tunnel::protocol::data>(&m);
    return data != nullptr && data->id == 7 && data->body.view() == "hello" && data->end ? 0 : 1;
}
