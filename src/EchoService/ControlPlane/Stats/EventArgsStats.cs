namespace EchoService.ControlPlane.Stats;

/// <summary>The pool of SocketAsyncEventArgs.</summary>
/// <param name="Capacity">The most that can be.</param>
/// <param name="Created">How many there are.</param>
/// <param name="InUse">How many are out.</param>
internal sealed record EventArgsStats(int Capacity, int Created, int InUse);
