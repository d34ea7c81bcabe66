namespace EchoService.ControlPlane.Requests;

/// <summary>The query parameters that a call takes, as metadata of its endpoint.</summary>
internal sealed record QueryParameters(IReadOnlyList<QueryParameter> All);
