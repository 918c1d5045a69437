#include "tunnel/protocol/error.hpp"

namespace tunnel::protocol {

namespace {

class protocol_category final : public std::error_category {
 public:
    const char* name() const noexcept override { return "tunnel.protocol"; }

    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
            case errc::frame_empty:
                return "frame of length 0";
            case errc::frame_too_large:
                return "frame length above the limit (HTTP or TLS spoken to the tunnel port?)";
            case errc::bad_json:
                return "the frame is not one JSON object in UTF-8, or nests deeper than 16";
            case errc::duplicate_member:
                return "a member stands twice in the frame";
            case errc::missing_member:
                return "a required member is missing from the frame";
            case errc::bad_member:
                return "a member has the wrong type or is out of range";
            case errc::bad_byte_string:
                return "a byte string holds a character above U+00FF";
            case errc::bad_base64:
                return "body is not valid base64";
            case errc::idle_stream:
                return "`id` names a stream that no request has opened";
            case errc::id_not_rising:
                return "the `id` of a request must be larger than every one before it";
            case errc::credit_overflow:
                return "`bytes` of window raises the credit of a stream above 2^53";
            case errc::no_hello_first:
                return "the first frame must be `hello` or `goaway`";
            case errc::second_hello:
                return "`hello` must not be sent twice";
            case errc::wrong_direction:
                return "a message of this type is sent by the other side only";
            case errc::request_after_goaway:
                return "a server must not send `request` behind its `goaway`";
            case errc::unsupported_version:
                return "peer speaks another protocol version";
            case errc::too_long:
                return "a member is longer than its limit";
            case errc::too_many_streams:
                return "a request came although max_streams streams are open";
            case errc::frame_too_slow:
                return "a frame that had begun was not whole in time";
            case errc::hello_too_slow:
                return "no hello arrived in time";
            case errc::bad_compression:
                return "what was received is not the compressed stream that was agreed on";
            case errc::expands_too_much:
                return "compressed bytes expand to far more than any peer has to say";
        }
        return "unknown protocol error";
    }
};

}  // namespace

const std::error_category& category() noexcept {
    static const protocol_category instance;
    return instance;
}

}  // namespace tunnel::protocol
