namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>What a process leaves: how it ended, and what it wrote.</summary>
internal sealed record ProcessResult(int ExitCode, string Output, string Error)
{
    /// <summary>Fails, with all that it wrote, unless it ended with 0.</summary>
    /// <returns>Its standard output without white space around it.</returns>
    public string ShouldSucceed()
    {
        ExitCode.ShouldBe(0, Output + Error);
        return Output.Trim();
    }
}
