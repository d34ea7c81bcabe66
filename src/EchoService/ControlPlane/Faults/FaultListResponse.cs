namespace EchoService.ControlPlane.Faults;

/// <summary>The faults that are on.</summary>
/// <param name="Enabled">Whether faults can be injected (Faults:Enabled).</param>
/// <param name="Items">Those that are on, oldest first; of a call that has ended them, those that it has.</param>
internal sealed record FaultListResponse(bool Enabled, IReadOnlyList<FaultResponse> Items);
