namespace Quire.Templates;

/// <summary>Why a template could not be parsed or rendered.</summary>
public enum TemplateErrorKind
{
    /// <summary>The template called <c>raise_exception</c>; <see cref="TemplateException.Reason"/> is its message, word for word.</summary>
    Raised,

    /// <summary>An undefined value was used for more than printing and testing.</summary>
    Undefined,

    /// <summary>The template reached for something the sandbox withholds.</summary>
    Security,

    /// <summary>The template is not valid Jinja.</summary>
    Syntax,

    /// <summary>An operation failed as it would in Python (types, zero division, unpacking), or a limit was reached.</summary>
    Runtime,

    /// <summary>The final message cannot be continued with this template.</summary>
    ContinueFinalMessage,
}

/// <summary>A chat template failed. Always the fault of the template or of the messages given to it, never of the engine.</summary>
public sealed class TemplateException : QuireException
{
    internal TemplateException(TemplateErrorKind error, string reason, string? template = null, int? line = null, Exception? inner = null)
        : base(ErrorKind.InvalidRequest, Describe(error, reason, template, line), "chat_template_error", inner: inner)
    {
        Error = error;
        Reason = reason;
        Template = template;
        Line = line;
    }

    /// <summary>What went wrong, by class.</summary>
    public TemplateErrorKind Error { get; }

    /// <summary>What went wrong, without the place.</summary>
    public string Reason { get; }

    /// <summary>The template's name, where known.</summary>
    public string? Template { get; }

    /// <summary>The line of the template, counted from 1, where known.</summary>
    public int? Line { get; }

    internal TemplateException At(string template, int line) => new(Error, Reason, template, Line ?? line, this);

    // A message the template's author wrote for the user stands alone; all others need the place.
    private static string Describe(TemplateErrorKind error, string reason, string? template, int? line) =>
        error == TemplateErrorKind.Raised || template is null ? reason : line is { } l ? $"chat template {template}, line {l}: {reason}" : $"chat template {template}: {reason}";
}
