namespace EchoService.ControlPlane.Document;

/// <summary>Examples of a body, by name, as metadata of its endpoint; values of the body's own type, so that they cannot go stale.</summary>
internal sealed record RequestExamples(IReadOnlyDictionary<string, object> Values);
