namespace EchoService.ControlPlane.Clients;

/// <summary>A page of clients.</summary>
/// <param name="Total">How many match, on all pages.</param>
/// <param name="Items">Those on this page, in order.</param>
/// <param name="Next">The cursor of the next page; null on the last one.</param>
internal sealed record ClientListResponse(int Total, IReadOnlyList<ClientResponse> Items, string? Next);
