import Shared

/// The body of `POST /contracts/publish`, checked.
struct PublicationRequest: Sendable {
    struct Contract: Sendable {
        var pair: PairKey
        var document: PactDocument
        var merges: Bool
    }

    var pacticipant: String
    var version: String
    var branch: String?
    var tags: [String]
    var buildURL: String?
    var contracts: [Contract]

    /// Why there is nothing to publish.
    enum Refusal: Error {
        case invalid(ValidationErrors)
        /// A `consumer` that is a string, or no contracts at all: the broker fails with a 500 [64][65].
        case brokerFailure
    }

    init(_ body: JSONObject) throws(Refusal) {
        var errors = ValidationErrors()
        let pacticipant = Self.text("pacticipantName", in: body, isRequired: true, errors: &errors)
        let version = Self.text("pacticipantVersionNumber", in: body, isRequired: true, errors: &errors)
        tags = Self.tags(in: body, errors: &errors)
        branch = Self.text("branch", in: body, isRequired: false, errors: &errors)
        buildURL = Self.text("buildUrl", in: body, isRequired: false, errors: &errors)
        contracts = []
        switch body["contracts"] {
        case nil: errors.add("contracts", "is missing")
        case .array(let elements)?:
            for (index, element) in elements.enumerated() {
                let reader = ContractEntry(element, index: index, pacticipant: pacticipant)
                if let contract = try reader.read(errors: &errors) { contracts.append(contract) }
            }
        default: errors.add("contracts", "must be an array")
        }
        if !errors.isEmpty { throw .invalid(errors) }
        guard let pacticipant, let version, !contracts.isEmpty else { throw .brokerFailure }
        self.pacticipant = pacticipant
        self.version = version
    }

    /// The value of a text field; `nil` if it is absent, `null` or wrong.
    private static func text(
        _ field: String,
        in body: JSONObject,
        isRequired: Bool,
        errors: inout ValidationErrors
    ) -> String? {
        guard let value = body[field] else {
            if isRequired { errors.add(field, "is missing") }
            return nil
        }
        if value.isNull, !isRequired { return nil }
        guard let text = value.string else {
            errors.add(field, value.isNull ? "must be filled" : "must be a string")
            return nil
        }
        if text.isEmpty {
            errors.add(field, "must be filled")
        } else if text.allSatisfy(\.isWhitespace) {
            errors.add(field, "cannot be blank")
        } else if text.contains("\n") {
            errors.add(field, "cannot contain multiple lines")
        } else {
            return text
        }
        return nil
    }

    private static func tags(in body: JSONObject, errors: inout ValidationErrors) -> [String] {
        guard let value = body["tags"], !value.isNull else { return [] }
        guard let elements = value.array else {
            errors.add("tags", "must be an array")
            return []
        }
        var tags: [String] = []
        for (index, element) in elements.enumerated() {
            switch element.string {
            case nil: errors.add("tags", "must be a string", at: index)
            case "": errors.add("tags", "must be filled", at: index)
            case let tag? where tag.allSatisfy(\.isWhitespace): errors.add("tags", "cannot be blank", at: index)
            case let tag?: tags.append(tag)
            }
        }
        return tags
    }
}
