import Shared

/// One element of `contracts` in a publication request.
struct ContractEntry {
    let element: JSONValue
    let index: Int
    /// `nil` if that itself is wrong.
    let pacticipant: String?

    init(_ element: JSONValue, index: Int, pacticipant: String?) {
        self.element = element
        self.index = index
        self.pacticipant = pacticipant
    }

    /// - Returns: `nil` after adding to `errors`.
    func read(
        errors: inout ValidationErrors
    ) throws(PublicationRequest.Refusal) -> PublicationRequest.Contract? {
        guard let entry = element.object else {
            errors.add("contracts", "must be a hash", at: index)
            return nil
        }
        var texts: [String] = []
        for field in ["consumerName", "providerName", "content", "contentType", "specification"] {
            switch entry[field] {
            case nil: texts.append("\(field) is missing")
            case .string("")?, .null?: texts.append("\(field) must be filled")
            case .string?: break
            default: texts.append("\(field) must be a string")
            }
        }
        texts += [
            allowed("contentType", ["application/json"], in: entry), allowed("specification", ["pact"], in: entry),
            allowed("onConflict", ["overwrite", "merge"], in: entry),
        ]
        .compactMap { $0 }
        let document = try content(of: entry, texts: &texts)
        let consumer = entry["consumerName"]?.string ?? ""
        let provider = entry["providerName"]?.string ?? ""
        if texts.isEmpty, let pacticipant, consumer != pacticipant {
            texts.append("consumerName ('\(consumer)') must match pacticipantName ('\(pacticipant)')")
        }
        if texts.isEmpty, let document {
            // The provider's name is only looked at when the consumer's is right [62].
            for (side, given) in [("consumer", consumer), ("provider", provider)] where texts.isEmpty {
                if let text = try mismatch(side, document, given: given) { texts.append(text) }
            }
        }
        for text in texts { errors.add("contracts", text, at: index) }
        guard texts.isEmpty, let document else { return nil }
        let merges = entry["onConflict"]?.string == "merge"
        let pair = PairKey(consumer: consumer, provider: provider)
        return PublicationRequest.Contract(pair: pair, document: document, merges: merges)
    }

    private func allowed(_ field: String, _ values: [String], in entry: JSONObject) -> String? {
        guard let value = entry[field], !value.isNull, value.string != "" else { return nil }
        if let text = value.string, values.contains(text) { return nil }
        return value.string == nil && field != "onConflict"
            ? nil : "\(field) must be one of: \(values.joined(separator: ", "))"
    }

    /// Strict Base64 and a JSON object inside [61][65].
    private func content(
        of entry: JSONObject,
        texts: inout [String]
    ) throws(PublicationRequest.Refusal) -> PactDocument? {
        let unreadable = "content could not be parsed as application/json"
        guard let text = entry["content"]?.string else {
            texts.append("is not valid Base64")
            return nil
        }
        guard let bytes = Base64.decode(text.utf8) else {
            texts += ["is not valid Base64", unreadable]
            return nil
        }
        if bytes.isEmpty {
            texts.append(unreadable)
            return nil
        }
        do throws(PactDocument.Refusal) {
            return try PactDocument(bytes)
        } catch {
            switch error {
            case .notUTF8(let character, let fragment):
                texts.append(BrokerTexts.notUTF8("contract content", character: character, fragment: fragment))
            case .notObject(let name) where name != "NilClass" && name != "FalseClass":
                texts.append("parsed content was expected to be a Hash but was a \(name)")
            case .notObject, .syntax: texts.append(unreadable)
            }
            return nil
        }
    }

    private func mismatch(
        _ side: String,
        _ document: PactDocument,
        given: String
    ) throws(PublicationRequest.Refusal) -> String? {
        switch document.name(of: side) {
        case .absent: nil
        case .unusable: throw .brokerFailure
        case .given(let name) where name != given:
            "\(side) name in contract content ('\(name)') must match \(side)Name in contract params ('\(given)')"
        case .given: nil
        }
    }
}
