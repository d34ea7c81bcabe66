namespace EchoService.ControlPlane.Clients;

/// <summary>What a bulk close found.</summary>
/// <param name="Matched">Clients that the filters match.</param>
/// <param name="Closing">Those of them that are closed, now or over the spread; in a dry run, that would be.</param>
internal sealed record CloseClientsResponse(int Matched, int Closing);
