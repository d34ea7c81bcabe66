namespace EchoService.IntegrationTests.StatusPage;

/// <summary>What a <see cref="ScriptedService"/> is doing.</summary>
/// <param name="Clients">How many are connected now.</param>
/// <param name="Rate">Bytes a second, about.</param>
internal sealed record Scene(int Clients, long Rate);
