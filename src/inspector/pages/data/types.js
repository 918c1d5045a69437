/**
 * The shapes of the API that the pages read, as docs/inspector-api.yaml describes them.
 *
 * @typedef {"valid"|"invalid"|"stale"|"unsigned"|"no_secret"|"truncated"|"unknown"} Verdict
 *
 * @typedef {object} Summary
 * @property {string} id
 * @property {"http"|"websocket"|"event_stream"} kind
 * @property {"live"|"replay"|"import"} origin
 * @property {"pending"|"complete"|"failed"|"aborted"} state
 * @property {string} started_at
 * @property {string} method
 * @property {string} target
 * @property {string} host
 * @property {number|null} status
 * @property {string|null} outcome
 * @property {number|null} duration_us
 * @property {number} request_bytes
 * @property {number} response_bytes
 * @property {string|null} request_type
 * @property {string|null} response_type
 * @property {string|null} caller
 * @property {string|null} provider
 * @property {string|null} event
 * @property {string|null} delivery
 * @property {number|null} attempt
 * @property {number|null} attempt_gap_us
 * @property {boolean} duplicate
 * @property {Verdict|null} signature
 * @property {string|null} parent
 * @property {number} replays
 * @property {boolean} marked
 * @property {string|null} comment
 * @property {boolean} edited
 * @property {boolean} [fault]
 * @property {boolean} [held]
 * @property {boolean} [stub]
 * @property {number|null} [stub_rule]
 * @property {boolean} truncated
 * @property {number} messages
 *
 * @typedef {[string, string]} Field
 *
 * @typedef {object} BodyInfo
 * @property {number} length
 * @property {number} kept
 * @property {string|null} sha256
 * @property {string|null} media_type
 *
 * @typedef {object} Half
 * @property {string} start_line
 * @property {Field[]} fields
 * @property {Field[]} trailers
 * @property {string} head_base64
 * @property {string|null} [sent_head_base64]
 * @property {BodyInfo} body
 *
 * @typedef {object} Timing
 * @property {number|null} connect_us
 * @property {number|null} connected_us
 * @property {number|null} sent_us
 * @property {number|null} first_byte_us
 * @property {number|null} last_byte_us
 * @property {boolean} [reused]
 *
 * @typedef {object} Relative
 * @property {string} id
 * @property {Summary["origin"]} origin
 * @property {string} started_at
 * @property {number|null} status
 * @property {string|null} [outcome]
 * @property {number|null} [duration_us]
 * @property {boolean|null} [same_status]
 * @property {boolean|null} [same_body]
 * @property {boolean} [edited]
 * @property {number|null} [gap_us]
 * @property {boolean} [duplicate]
 *
 * @typedef {object} Verification
 * @property {string|null} provider
 * @property {string|null} scheme
 * @property {Verdict} verdict
 * @property {string|null} [cause]
 * @property {string} reason
 * @property {string|null} [advice]
 * @property {string|null} [secret]
 * @property {"proposed"|"possible"|null} [resign]
 * @property {string|null} [matched_variant]
 * @property {Field[]} [fields]
 * @property {number|null} [age_at_arrival_us]
 * @property {number|null} [tolerance_us]
 * @property {string|null} [expected_prefix]
 *
 * @typedef {{code: string, message: string}} Failure
 *
 * @typedef {object} Details
 * @property {string|null} public_url
 * @property {string|null} app
 * @property {Half} request
 * @property {Half|null} response
 * @property {Half[]} interim
 * @property {Timing} timing
 * @property {Failure|null} failure
 * @property {Verification|null} verification
 * @property {Relative[]} children
 * @property {Relative[]} attempts
 * @property {Edits|null} [edits]
 *
 * @typedef {Summary & Details} Exchange
 *
 * @typedef {object} BodyView
 * @property {number} length
 * @property {number} kept
 * @property {string|null} media_type
 * @property {string[]} codings
 * @property {number} decoded_length
 * @property {boolean} truncated
 * @property {string|null} decode_error
 * @property {string|null} text
 * @property {string|null} base64
 *
 * @typedef {object} Message
 * @property {number} seq
 * @property {"caller"|"app"} from
 * @property {"text"|"binary"|"ping"|"pong"|"close"|"event"} type
 * @property {number} at_us
 * @property {number} length
 * @property {boolean} truncated
 * @property {string|null} text
 * @property {string|null} base64
 * @property {number|null} [close_code]
 * @property {string|null} [event]
 * @property {string|null} [event_id]
 *
 * @typedef {object} Edits
 * @property {string} [raw_base64]
 * @property {string} [method]
 * @property {string} [target]
 * @property {Field[]} [fields]
 * @property {Field[]} [set]
 * @property {string[]} [unset]
 * @property {string} [body_text]
 * @property {string} [body_base64]
 * @property {{pointer: string, value?: string}[]} [json]
 *
 * @typedef {object} ReplayRequest
 * @property {string} [to]
 * @property {number} [times]
 * @property {number} [concurrency]
 * @property {boolean} [exact]
 * @property {boolean} [allow_truncated]
 * @property {boolean} [resign]
 * @property {Edits} [edits]
 *
 * @typedef {object} ReplayResult
 * @property {string|null} id
 * @property {string} parent
 * @property {number|null} status
 * @property {number|null} duration_us
 * @property {boolean} same_status
 * @property {boolean|null} same_body
 * @property {boolean} [resign_proposed]
 * @property {Failure|null} error
 *
 * @typedef {object} FieldDiff
 * @property {"same"|"added"|"removed"|"changed"|"ignored"} op
 * @property {string} name
 * @property {string|null} a
 * @property {string|null} b
 *
 * @typedef {object} BodyDiff
 * @property {"same"|"json"|"text"|"bytes"|"cut"|"unknown"} kind
 * @property {boolean} equal
 * @property {{op: "add"|"remove"|"replace", pointer: string, a?: string|null, b?: string|null}[]} [json]
 * @property {{op: "="|"-"|"+"|"@", text: string, a?: number|null, b?: number|null}[]} [lines]
 * @property {number|null} [first_difference]
 * @property {number} [a_length]
 * @property {number} [b_length]
 * @property {boolean} [limited]
 *
 * @typedef {object} HalfDiff
 * @property {boolean} equal
 * @property {{a: string|null, b: string|null}} start_line
 * @property {FieldDiff[]} fields
 * @property {BodyDiff} body
 *
 * @typedef {object} Diff
 * @property {Summary} a
 * @property {Summary} b
 * @property {boolean} equal
 * @property {HalfDiff} request
 * @property {HalfDiff} response
 *
 * @typedef {object} Status
 * @property {string} version
 * @property {{public_url: string|null, to: string, app?: "up"|"down"|"unknown", held?: number}} forwarding
 * @property {{state: "connecting"|"up"|"retrying"|"replaced", server?: string, since?: string|null,
 *             retry_at?: string|null, error?: string|null, replaced_by?: string|null}} tunnel
 * @property {{dropped: number, bodies_dropped: number, body_bytes?: number}} capture
 * @property {{state: "file"|"memory"|"off", reason?: string|null, file?: string|null, count: number, bytes: number,
 *             count_limit?: number, bytes_limit?: number}} history
 * @property {string[]} watches
 * @property {string[]} [faults]
 * @property {{file: string, rules: number, problem: string|null}|null} [stub]
 *
 * @typedef {object} Fault
 * @property {number} id
 * @property {string} rule
 * @property {number} matched
 * @property {number} applied
 * @property {string|null} ends_at
 *
 * @typedef {object} StubRule
 * @property {number} rule
 * @property {string} if
 * @property {"absent"|"always"} when
 * @property {string} responds
 * @property {number} responses
 *
 * @typedef {object} Stub
 * @property {string|null} file
 * @property {string|null} read_at
 * @property {string|null} problem
 * @property {StubRule[]} items
 *
 * @typedef {object} Expectation
 * @property {"count"|"none"|"order"} kind
 * @property {string} q
 * @property {string[]} then further filters of an order
 * @property {number} count
 * @property {number} seconds
 * @property {boolean} earlier whether requests since the client's start count too
 *
 * @typedef {object} WaitResult
 * @property {boolean} met
 * @property {Summary[]} items
 * @property {string|null} last
 * @property {number|null} step of an order, the filter that is not met yet
 * @property {{exchange: Summary, unmet: {clause: string, position: number, reason: string}[]}[]} [misses]
 *
 * @typedef {object} Chart
 * @property {string} start
 * @property {number} bucket_us
 * @property {{requests: number, failures: number, median_us?: number|null}[]} buckets
 *
 * @typedef {"request"|"response"} Side
 * @typedef {"curl"|"httpie"|"fetch"|"http"|"raw"|"har"|"ndjson"} Format
 */

export {};
