namespace EchoService.Configuration;

/// <summary>The service cannot start for reasons that whoever configured it can put right: one line each, no stack trace.</summary>
internal sealed class StartupException(IReadOnlyList<string> problems) : Exception(string.Join(Environment.NewLine, problems))
{
    public StartupException(string problem)
        : this([problem])
    {
    }

    /// <summary>What is wrong; each line names the setting, its value and what is allowed.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}
