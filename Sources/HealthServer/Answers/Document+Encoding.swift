internal import FoundationEssentials
internal import Shared

extension Document {
    static func providers(_ snapshot: RunSnapshot, isBlocked: Bool) -> [UInt8] {
        var writer = JSONWriter(reserving: 256 + snapshot.contracts.count * 400)
        writer.array(snapshot.providers) { writer, provider in
            writer.object { writer in
                let isReady = provider.reason == nil && !isBlocked
                writer.field("provider", provider.name)
                writer.field("ready", isReady)
                writer.field("state", provider.state.rawValue)
                writer.field("published_at", orNull: isReady ? provider.publishedAt?.text : nil)
                writer.field("reason", ifPresent: provider.reason?.code.text)
                writer.field("detail", ifPresent: provider.reason?.detail)
                writer.array("contracts", provider.contracts) { $0.write($1) }
            }
        }
        return writer.bytes
    }

    static func sections(_ snapshot: RunSnapshot) -> [UInt8] {
        var writer = JSONWriter(reserving: 4096 + snapshot.contracts.count * 1200)
        writer.object { writer in
            writer.array("contracts", snapshot.contracts) { writer, contract in
                writer.object { writer in
                    writer.field("consumer", contract.desired.consumer)
                    writer.field("provider", contract.desired.provider)
                    writer.field("state", contract.state.rawValue)
                    writer.field("published_at", orNull: contract.publishedAt?.text)
                    writer.field("detail", ifPresent: contract.detail)
                }
            }
            writer.object("sections") { writer in
                writer.field("processes", encoded: json(snapshot.sections.processes))
                writer.field("source", encoded: json(snapshot.sections.source))
                writer.field("broker", encoded: json(snapshot.sections.broker))
                writer.field("publication", encoded: json(snapshot.sections.publication))
            }
        }
        return Array(writer.bytes.dropFirst().dropLast())
    }

    /// A section as it stands in the state; `null` while this run has not written it.
    private static func json(_ section: (some Encodable)?) -> [UInt8] {
        let missing = Array("null".utf8)
        guard let section else { return missing }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Sections are plain texts and integers, which always encode.
        guard let data = try? encoder.encode(section) else { return missing }
        return Array(data)
    }
}
