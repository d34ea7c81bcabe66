namespace EchoService.ControlPlane.Requests;

internal static class QueryParametersExtensions
{
    /// <summary>Answers 400 to any query that has other parameters than these, a bad value, or one of them twice; all are named.</summary>
    public static RouteHandlerBuilder WithQuery(this RouteHandlerBuilder builder, params IReadOnlyList<QueryParameter> parameters) =>
        builder
            .WithMetadata(new QueryParameters(parameters))
            .ProducesValidationProblem()
            .AddEndpointFilter(async (context, next) => Check(context.HttpContext.Request.Query, parameters) is { } errors
                ? TypedResults.ValidationProblem(errors)
                : await next(context));

    private static Dictionary<string, string[]>? Check(IQueryCollection query, IReadOnlyList<QueryParameter> parameters)
    {
        Dictionary<string, string[]>? errors = null;
        foreach (var (name, values) in query)
        {
            var parameter = parameters.FirstOrDefault(parameter => parameter.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            var error = parameter is null ? Unknown(parameters)
                : values.Count != 1 ? "must be given once"
                : parameter.Check(values.ToString());
            if (error is not null)
            {
                (errors ??= [])[name] = [error];
            }
        }

        return errors;
    }

    private static string Unknown(IReadOnlyList<QueryParameter> parameters) =>
        parameters.Count == 0
            ? "is not a parameter: this call takes none"
            : $"is not a parameter; there are {string.Join(", ", parameters.Select(parameter => parameter.Name))}";
}
