import Shared

/// A whole answer over HTTP.
struct GateAnswer: Equatable, Sendable {
    var status: Int
    /// Names in lower case; of several with one name the first.
    var headers: [String: String]
    var body: [UInt8]
}

/// Why a question got no whole answer.
enum GateFailure: Error, Equatable, Sendable {
    /// One sentence, without its subject: `connection refused`.
    case notReached(String)
    /// The answer ended before its end, or was not HTTP.
    case brokenAnswer(String)
    /// More bytes than a sensible answer has.
    case tooLarge(limit: Int)
    case timedOut
    /// Credentials could not be read.
    case credentials(String)
}

/// What an answer means.
enum GateVerdict: Equatable, Sendable {
    case ready([ContractNote])
    case notYet(GateReason)

    static func notYet(
        key: String,
        text: String,
        retryAfter: Duration? = nil,
        isManagers: Bool = false
    ) -> GateVerdict {
        .notYet(GateReason(key: key, text: text, retryAfter: retryAfter, isManagers: isManagers))
    }
}

/// Why a provider is not ready.
struct GateReason: Equatable, Sendable {
    /// Says whether it is the same reason as before: without what changes by itself.
    var key: String
    /// For people.
    var text: String
    /// How long the server wants to be left alone.
    var retryAfter: Duration?
    /// A manager said so, and it can hold the next question until that changes.
    var isManagers: Bool
}

extension GateVerdict {
    /// A manager's answer to `/providers/P/ready`.
    ///
    /// Ready is 200 **and** `"ready":true`, as every client of that endpoint has it; nothing else is relied on.
    init(manager answer: GateAnswer, provider: String) {
        if let common = GateVerdict.common(answer, role: "manager") {
            self = common
            return
        }
        let body = try? JSONReader.parse(answer.body)
        switch (answer.status, body?["ready"]?.bool) {
        case (200, true?):
            let contracts = body?["contracts"]?.array ?? []
            self = .ready(contracts.compactMap { ContractNote(manager: $0, provider: provider) })
        case (_, false?):
            let reason = body?["reason"]?.string ?? body?["state"]?.string ?? "not ready"
            let detail = body?["detail"]?.string ?? reason
            // Its Retry-After is for clients that poll; we do not.
            self = .notYet(key: reason, text: detail, isManagers: true)
        default: self = .foreign(answer, like: "a manager", setting: "--manager or MANAGER_URL")
        }
    }

    /// The broker's answer to `…/latest`, of a provider or of a pair.
    init(broker answer: GateAnswer, provider: String, consumer: String?) {
        if let common = GateVerdict.common(answer, role: "broker") {
            self = common
            return
        }
        switch answer.status {
        case 200: self = GateVerdict.published(answer, provider: provider, consumer: consumer)
        case 401, 403:
            self = .notYet(
                key: "\(answer.status)",
                text: "the broker refuses our credentials (\(answer.status)): set BROKER_USERNAME and BROKER_PASSWORD, "
                    + "or BROKER_TOKEN, or NAME_FILE with their files"
            )
        case 404 where GateVerdict.isManagers(answer):
            self = .foreign(answer, like: "a Pact Broker", setting: "--broker", hint: " (a manager answers there)")
        case 404:
            let pair = consumer.map { " with the consumer '\($0)'" } ?? ""
            self = .notYet(key: "404", text: "the broker has no contract of '\(provider)'\(pair) yet")
        default: self = .foreign(answer, like: "a Pact Broker", setting: "--broker")
        }
    }

    private static func published(_ answer: GateAnswer, provider: String, consumer: String?) -> GateVerdict {
        // Interactions may be deep and large; what is wanted sits in the first four levels.
        let body = try? JSONReader.parse(answer.body, options: .init(maximumDepth: 512, buildDepth: 4))
        guard let links = body?["_links"] else {
            return .foreign(answer, like: "a Pact Broker", setting: "--broker")
        }
        if let consumer {
            guard body?["consumer"]?["name"]?.string != nil else {
                return .foreign(answer, like: "a Pact Broker", setting: "--broker")
            }
            let version =
                answer.headers["x-pact-consumer-version"] ?? links["pb:consumer-version"]?["name"]?.string
            let content = links["pb:pact-version"]?["name"]?.string
            return .ready([
                ContractNote(provider: provider, consumer: consumer, version: version, pactVersion: content)
            ])
        }
        guard let pacts = links["pb:pacts"]?.array else {
            return .foreign(answer, like: "a Pact Broker", setting: "--broker")
        }
        let notes = pacts.compactMap { ContractNote(broker: $0, provider: provider) }
        guard !notes.isEmpty else {
            return .notYet(key: "404", text: "the broker has no contract of '\(provider)' yet")
        }
        return .ready(notes)
    }

    /// Answers that mean the same from both.
    private static func common(_ answer: GateAnswer, role: String) -> GateVerdict? {
        switch answer.status {
        case 300..<400:
            let target = answer.headers["location"].map { " to \($0)" } ?? ""
            let text =
                "the \(role)'s address redirects\(target) (\(answer.status)), which is not followed: give its own one"
            return .notYet(key: "redirect\(target)", text: text)
        case 408, 429, 500...599:
            // A manager says "not yet" with a status of 500 and more, too. Parsed for these only: a broker's 200 may hold a
            // contract of many megabytes, and a tree of all of it is many times that.
            if (try? JSONReader.parse(answer.body))?["ready"]?.bool != nil { return nil }
            let text = "the \(role), or something before it, answers \(answer.status)"
            return .notYet(key: "\(answer.status)", text: text, retryAfter: answer.retryAfter)
        default: return nil
        }
    }

    /// A manager's answer about a path that it does not have: it lists those that it has.
    private static func isManagers(_ answer: GateAnswer) -> Bool {
        let detail = (try? JSONReader.parse(answer.body))?["detail"]?.string
        return detail?.contains("/providers/{provider}/ready") == true
    }

    private static func foreign(
        _ answer: GateAnswer,
        like what: String,
        setting: String,
        hint: String = ""
    ) -> GateVerdict {
        let type = answer.headers["content-type"] ?? "no content type"
        let text =
            "the answer (\(answer.status), \(type), \(counted(answer.body.count, "byte"))) is not one of \(what): "
            + "see whether \(setting) is right\(hint)"
        return .notYet(key: "foreign \(answer.status)", text: text)
    }

    /// A question without an answer.
    init(_ failure: GateFailure, authority: String) {
        switch failure {
        case .notReached(let text): self = .notYet(key: text, text: "\(authority): \(text)")
        case .brokenAnswer(let text): self = .notYet(key: text, text: "\(authority): \(text)")
        case .tooLarge(let limit):
            self = .notYet(
                key: "large",
                text: "\(authority) answers with more than \(mebibytes(limit)), which is not read"
            )
        case .timedOut:
            self = .notYet(key: "silent", text: "\(authority) takes the question and does not answer in time")
        case .credentials(let text): self = .notYet(key: text, text: text)
        }
    }
}

extension GateAnswer {
    /// The header of that name in whole seconds; its other form, a date, needs a clock that agrees with the server's.
    var retryAfter: Duration? {
        headers["retry-after"].flatMap { UInt32($0) }.map { .seconds(Int64($0)) }
    }
}

extension ContractNote {
    /// An element of `contracts` in a manager's answer.
    fileprivate init?(manager value: JSONValue, provider: String) {
        guard let consumer = value["consumer"]?.string else { return nil }
        self.init(
            provider: provider,
            consumer: consumer,
            version: value["version"]?.string,
            sha256: value["sha256"]?.string
        )
    }

    /// A link of `pb:pacts`, whose name is the consumer and whose address ends with `/version/V`.
    fileprivate init?(broker link: JSONValue, provider: String) {
        guard let consumer = link["name"]?.string else { return nil }
        let parts = link["href"]?.string?.split(separator: "/") ?? []
        let isVersion = parts.count >= 2 && parts[parts.count - 2] == "version"
        self.init(
            provider: provider,
            consumer: consumer,
            version: isVersion ? parts.last.flatMap { PercentEncoding.decode($0) } : nil
        )
    }
}
