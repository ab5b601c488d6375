/// What is asked of `/providers/{provider}/ready`.
struct ProviderQuery: Equatable, Sendable {
    /// Percent-decoded, as it was asked for.
    var provider: String
    /// Only the contract of this consumer.
    var consumer: String?
    /// Only once content with this SHA-256 is in the broker: lower-case hex, the first 7 digits at least.
    var revision: String?
}
