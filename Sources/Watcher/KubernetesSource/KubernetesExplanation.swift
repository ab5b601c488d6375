import Shared
import SharedHTTP

/// Says what is wrong between us and the Kubernetes API and what to do about it: pure. No attempt counts and no times, so
/// that the same trouble is the same sentence.
struct KubernetesExplanation: Equatable, Sendable {
    let settings: KubernetesSettings
    let namespace: String
    /// All that are followed: one Role serves them all.
    let names: [String]

    /// For sentences.
    var place: String { "the Kubernetes API \(settings.url)" }

    /// How the sentence about a refusal ends that is not Kubernetes' own.
    static let foreignRefusal =
        "; that is not Kubernetes' own answer: something before it, a proxy or a service mesh, forbids it"

    // MARK: - Answers

    func problem(_ response: HTTPResponse) -> ConfigMapState.Problem {
        let status = KubernetesStatus(body: response.body)
        let text = status.map(\.message).flatMap { $0.isEmpty ? nil : $0 } ?? Self.firstLine(response.body)
        let said = Self.withoutToken(text)
        let page = String(decoding: response.body.prefix(2048), as: UTF8.self)
        let answer = "\(place) answers \(response.status)" + (said.isEmpty ? "" : ": \(said)")
        switch response.status {
        case 401: return .init(code: ConfigMapState.Problem.unauthorized, detail: unauthorized)
        case 403 where status == nil:
            return .init(code: "forbidden", detail: answer + Self.foreignRefusal)
        case 403: return forbidden(said)
        // Go's words and nginx's.
        case 400 where ["HTTP request to an HTTPS server", "sent to HTTPS port"].contains(where: page.contains):
            return .init(
                code: "plain HTTP",
                detail: "\(answer); set KUBERNETES_API_URL to https://\(settings.url.authority)"
            )
        case 429: return .init(code: "throttled", detail: answer)
        case 300..<400:
            return .init(
                code: "HTTP \(response.status)",
                detail: "\(answer); redirections are not followed: \(address)"
            )
        case 404: return .init(code: "HTTP 404", detail: "\(answer); is it the API's own address? \(address)")
        default: return .init(code: "HTTP \(response.status)", detail: answer)
        }
    }

    /// An ERROR event of a watch.
    func problem(_ status: KubernetesStatus) -> ConfigMapState.Problem {
        let said = Self.withoutToken(status.message.isEmpty ? status.reason : status.message)
        return .init(code: "error \(status.code)", detail: "\(place) ended a watch: \(said)")
    }

    private var unauthorized: String {
        settings.tokenFile.isEmpty
            ? "\(place) wants a token (401); set KUBERNETES_TOKEN_FILE"
            : "\(place) refuses the token in \(settings.tokenFile) (401): of another cluster, or expired; the file is read "
                + "again before each attempt"
    }

    /// The message names who was refused: `User "system:serviceaccount:NAMESPACE:NAME" cannot …`.
    private func forbidden(_ said: String) -> ConfigMapState.Problem {
        let user = said.split(separator: "\"").first { $0.hasPrefix("system:") }.map(String.init) ?? ""
        if user == "system:anonymous" {
            let token =
                settings.tokenFile.isEmpty
                ? "set KUBERNETES_TOKEN_FILE"
                : "\(settings.tokenFile) is empty or missing"
            let proxy = settings.url.scheme == "http" ? ", or ask through `kubectl proxy`, which adds its own" : ""
            return .init(code: "forbidden", detail: "\(place) was asked without a token (403); \(token)\(proxy)")
        }
        let named = user.isEmpty ? said.split(separator: "\"").dropFirst(3).first.map(String.init) ?? "" : user
        let verb = said.split(separator: " ").drop { $0 != "cannot" }.dropFirst().first.map(String.init) ?? "read"
        // What stands in somebody else's sentence is not to be copied into a shell.
        let isName = named.utf8.allSatisfy { Self.nameBytes.contains($0) }
        let who = named.isEmpty || !isName ? "whoever asks" : named
        let parts = user.split(separator: ":")
        let account = parts.count == 4 && parts[1] == "serviceaccount" ? "\(parts[2])/\(parts[3])" : nil
        let rule = RoleRule(namespace: namespace, names: names, serviceAccount: account)
        return .init(
            code: "forbidden",
            detail:
                "\(place) says 403: \(who) cannot \(verb) \(list); \(rule.advice), or correct CONFIGMAP_NAME and NAMESPACE"
        )
    }

    // MARK: - No answer

    func problem(_ error: TransportError) -> ConfigMapState.Problem {
        switch error.kind {
        case .tls: .init(code: "TLS", detail: "TLS with \(place) failed: \(trust(error.detail)) (\(error.detail))")
        case .dns: .init(code: "DNS", detail: "the name in \(settings.url) cannot be resolved: \(error.detail)")
        case .timeout: .init(code: "timeout", detail: "\(place) does not answer: \(error.detail)")
        case .refused:
            .init(code: "refused", detail: "\(place) cannot be reached: \(error.detail); \(address)")
        case .disconnected where settings.url.scheme == "https":
            .init(
                code: error.kind.rawValue,
                detail: "\(place) cannot be reached: \(error.detail); is TLS spoken there? \(address)"
            )
        case .disconnected, .cancelled, .other:
            .init(code: error.kind.rawValue, detail: "\(place) cannot be reached: \(error.detail)")
        case .tooLarge: .init(code: "too large", detail: "the answer of \(place) is too large: \(error.detail)")
        }
    }

    private func trust(_ detail: String) -> String {
        let text = detail.lowercased()
        func says(_ parts: String...) -> Bool { parts.contains { text.contains($0) } }
        let authority =
            settings.caFile.isEmpty
            ? "set KUBERNETES_CA_FILE" : "put the one that signed it into KUBERNETES_CA_FILE=\(settings.caFile)"
        if says("error setting certificate") {
            return
                "KUBERNETES_CA_FILE=\(settings.caFile) is missing or no PEM file; in a pod it comes with the service account"
        }
        if says("subject name", "does not match", "hostname mismatch", "ip address mismatch") {
            return "its certificate is for another name; set KUBERNETES_API_URL to a name that it carries"
        }
        if says("wrong version number", "unknown protocol", "packet length too long", "http request") {
            return "no TLS is spoken there; \(address)"
        }
        if says("has expired") { return "its certificate, or one that it is signed with, has expired" }
        return "its certificate is of no authority that we trust; \(authority)"
    }

    private static let nameBytes = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:@._/-".utf8)

    private var list: String {
        let shown = names.prefix(3).map { "\(namespace)/\($0)" }.joined(separator: ", ")
        let rest = names.count > 3 ? " and \(names.count - 3) more" : ""
        return "\(names.count == 1 ? "ConfigMap" : "ConfigMaps") \(shown)\(rest)"
    }

    private var address: String { "check KUBERNETES_API_URL, or KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT" }

    /// A proxy may repeat the request in its answer. A service account's token is a JWT, which begins with `eyJ`.
    private static func withoutToken(_ text: String) -> String {
        var isToken = false
        let words = text.prefix(4096).split(separator: " ", omittingEmptySubsequences: false)
            .map { word in
                defer { isToken = word.lowercased().hasSuffix("bearer") }
                return isToken || word.contains("eyJ") ? "[token]" : word
            }
        return words.joined(separator: " ")
    }

    /// Of a page its title: `<html>` tells nobody anything.
    private static func firstLine(_ body: [UInt8]) -> String {
        let text = String(decoding: body.prefix(2048), as: UTF8.self)
        if text.drop(while: \.isWhitespace).hasPrefix("<") {
            let title = text.split(separator: "<title>", maxSplits: 1).dropFirst().first?.split(separator: "<").first
            return title.map { String($0.prefix(200)) } ?? ""
        }
        return String(text.prefix(300).split(whereSeparator: \.isNewline).first ?? "")
    }
}
