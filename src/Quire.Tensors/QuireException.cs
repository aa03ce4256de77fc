namespace Quire;

/// <summary>Whose fault an error is; decides its HTTP status and the exit code of the tool.</summary>
public enum ErrorKind
{
    /// <summary>The request or the command line asks for something that cannot be done as said.</summary>
    InvalidRequest,

    /// <summary>The named model, file, adapter or route does not exist.</summary>
    NotFound,

    /// <summary>A file (checkpoint, tokenizer, template, adapter) is broken or contradicts another.</summary>
    InvalidModel,

    /// <summary>Known, and not supported by this build.</summary>
    NotSupported,

    /// <summary>A queue or another limit is full; trying again later helps.</summary>
    Overloaded,

    /// <summary>Loading or draining; trying again later helps.</summary>
    Unavailable,

    /// <summary>The engine itself failed.</summary>
    Internal,
}

/// <summary>What a user did wrong, or what the engine could not do, in a sentence that says what would work.</summary>
/// <param name="kind">Decides the HTTP status.</param>
/// <param name="message">One or two sentences for the person who reads them: what was wrong, and what would work.</param>
/// <param name="code">A short machine-readable reason, or null.</param>
/// <param name="param">The request field or flag at fault, or null.</param>
public class QuireException(ErrorKind kind, string message, string? code = null, string? param = null, Exception? inner = null)
    : Exception(message, inner)
{
    public ErrorKind Kind { get; } = kind;

    public string? Code { get; } = code;

    public string? Param { get; } = param;

    /// <summary>A broken or contradictory file. <paramref name="file"/> comes first in the message.</summary>
    public static QuireException BadFile(string file, string what, Exception? inner = null) =>
        new(ErrorKind.InvalidModel, $"{file}: {what}", inner: inner);
}
