internal import Synchronization

/// The long documents of one snapshot, encoded when somebody first asks and kept as long as the snapshot.
///
/// Encoding a thousand contracts takes milliseconds, which no probe on the event loop shall wait for.
final class DocumentCache: Sendable {
    private let encoded = Mutex<[Document: [UInt8]]>([:])

    subscript(document: Document) -> [UInt8]? {
        encoded.withLock { $0[document] }
    }

    func keep(_ bytes: [UInt8], for document: Document) {
        encoded.withLock { $0[document] = bytes }
    }
}

/// A part of an answer that depends on nothing but the snapshot.
enum Document: Hashable, Sendable {
    /// `providers` as a JSON array; `isBlocked`: something (docs/endpoints.md, rows 1 to 7) keeps all from being ready.
    case providers(isBlocked: Bool)
    /// `contracts` and the state's four sections, as members of an object without its braces.
    case sections
    /// The part of `/metrics` that the snapshot says.
    case metrics(isBlocked: Bool)

    /// Encodes the document; takes milliseconds for a thousand contracts.
    func encode(_ snapshot: RunSnapshot) -> [UInt8] {
        switch self {
        case .providers(let isBlocked): Self.providers(snapshot, isBlocked: isBlocked)
        case .sections: Self.sections(snapshot)
        case .metrics(let isBlocked): Self.metrics(snapshot, isBlocked: isBlocked)
        }
    }
}
