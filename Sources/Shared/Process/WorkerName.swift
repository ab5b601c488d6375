/// The worker processes, in start order; they are stopped in the reverse order of what others need from them.
package enum WorkerName: String, CaseIterable, Codable, Sendable {
    case healthServer = "health-server"
    case watcher
    case publisher

    /// The order of the ordered stop: who answers probes goes last.
    package static let stopOrder: [WorkerName] = [.publisher, .watcher, .healthServer]
}
