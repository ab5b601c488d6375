import Shared
import SharedHTTP

/// What the facts about the broker mean and what to do: pure. A check whose forerunner failed says nothing.
struct BrokerDiagnosis {
    let facts: BrokerFacts

    var lines: [DoctorLine] {
        [address] + name + connection + [ownService].compactMap(\.self) + exchange
    }

    private var address: DoctorLine {
        let origin = facts.isDefault ? " (BROKER_URL is not set: the default)" : ""
        let proxy = facts.target.proxy.map { ", through the proxy \($0)" } ?? ""
        return .good(.brokerURL, "\(facts.url)\(origin), with \(facts.credentials)\(proxy)")
    }

    // MARK: The way there

    private var name: [DoctorLine] {
        let target = facts.target
        let whose = target.proxy == nil ? "" : "the proxy "
        if let failure = facts.lookupFailure {
            let remedy =
                target.proxy.map { "correct \($0.variable), or put the broker's host into NO_PROXY" }
                ?? (facts.isDefault ? "set BROKER_URL to the broker's address" : nil)
            return [
                .wrong(
                    .brokerDNS,
                    "\(whose)\(target.host) has no address: \(failure)",
                    remedy ?? DoctorCheck.brokerDNS.remedy
                )
            ]
        }
        let list = facts.connections.map(\.address).joined(separator: ", ")
        return [.good(.brokerDNS, "\(whose)\(target.host): \(list)")]
    }

    private var connection: [DoctorLine] {
        guard facts.lookupFailure == nil else { return [] }
        let failed = facts.connections.filter { $0.failure != nil }
        let text = facts.connections.map { "\($0.address) \($0.failure ?? "answers")" }.joined(separator: ", ")
        if failed.isEmpty { return [.good(.brokerTCP, text)] }
        let remedy =
            facts.target.proxy.map { "start the proxy, or correct \($0.variable)" } ?? DoctorCheck.brokerTCP.remedy
        if failed.count < facts.connections.count { return [.odd(.brokerTCP, text, remedy)] }
        return [.wrong(.brokerTCP, text, remedy)]
    }

    /// Nobody could be reached, through a name that may be that of the Service before this pod.
    private var ownService: DoctorLine? {
        guard let pod = facts.pod, facts.target.proxy == nil, Self.isService(facts.target.host, of: pod.namespace)
        else {
            return nil
        }
        let isReached = facts.lookupFailure == nil && facts.connections.contains { $0.failure == nil }
        let host = facts.target.host
        if isReached { return .good(.brokerOwnService, "\(host) is a Service of this namespace and has an endpoint") }
        let local = "\(facts.url.scheme)://127.0.0.1:\(facts.target.port)\(facts.url.basePath)"
        guard pod.answersOnLoopback else {
            return .odd(
                .brokerOwnService,
                "\(host) is a Service of this namespace and nobody answers behind it; if it selects this very pod, it "
                    + "has no endpoint until the pod is ready, and the pod is not ready without the broker",
                "where the broker runs in this pod set BROKER_URL=\(local); else see to the broker's own pod"
            )
        }
        return .odd(
            .brokerOwnService,
            "nobody answers behind the Service \(host), but somebody listens on port \(facts.target.port) in this "
                + "very pod: the Service has no endpoint until the pod is ready, and the pod is not ready without the "
                + "broker",
            "set BROKER_URL=\(local)"
        )
    }

    /// A name that the cluster's DNS makes a Service's: `NAME`, `NAME.NAMESPACE`, `NAME.NAMESPACE.svc[.cluster.local]`.
    static func isService(_ host: String, of namespace: String) -> Bool {
        let labels = host.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard labels.allSatisfy(KubernetesName.isLabel), host.contains(where: \.isLetter), host != "localhost" else {
            return false
        }
        if labels.count == 1 { return true }
        guard labels[1] == namespace else { return false }
        return labels.count == 2 || labels[2] == "svc"
    }
}
