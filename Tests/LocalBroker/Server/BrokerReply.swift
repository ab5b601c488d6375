/// What the server does with a request: the answer, and how a fault lets it be delivered.
struct BrokerReply: Sendable {
    enum Delivery: Equatable, Sendable {
        case whole
        /// The connection is closed, without a byte.
        case close
        /// Nothing is sent, ever.
        case hang
        case closeMidBody
        case hangMidBody
        case drip(bytes: Int, every: Duration)
    }

    var response: BrokerResponse
    var delivery = Delivery.whole
    /// Waited for before the delivery begins.
    var delay = Duration.zero
    /// After the delivery nobody listens for so long.
    var refuses: Duration?
}
