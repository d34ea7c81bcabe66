namespace EchoService.ControlPlane.Document;

/// <summary>An example of an answer, as metadata of its endpoint; a value of the answer's own type, so that it cannot go stale.</summary>
internal sealed record ResponseExample(int StatusCode, object Value);
