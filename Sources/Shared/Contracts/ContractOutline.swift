/// What a checked document says about itself.
struct ContractOutline {
    var consumer: String
    var provider: String
    var specification: String
    var interactions: Int
    var messages: Int
}
