/// How a broker behaves, apart from where it listens.
struct BrokerOptions: Sendable {
    var credentials = Credentials()
    /// The real broker's `allow_dangerous_contract_modification`.
    var allowsContentChanges = false
    /// What an older broker does not have.
    var leftOut: Set<LeftOut> = []
    /// No line per request on standard error.
    var isQuiet = true
}
