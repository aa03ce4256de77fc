using System.Globalization;
using System.Text.RegularExpressions;

namespace Quire.Formats;

/// <summary>The parts of a GGUF file that was split: <c>NAME-00001-of-00003.gguf</c> and its neighbours. The first has the metadata, each its own tensors.</summary>
internal static partial class GgufSplit
{
    /// <summary>The first part of the file that a path is a part of, or the path itself.</summary>
    public static string First(string path) => PartName().Match(path) is { Success: true } match ? Part(match, 1) : path;

    /// <summary>Opens the other parts of a file; the first one owns them at once, so that they are closed with it whatever happens.</summary>
    /// <exception cref="QuireException">The name is not that of a part, a part is missing, or is of another file.</exception>
    public static void AddOthers(GgufFile first, int count)
    {
        if (PartName().Match(first.Path) is not { Success: true } match)
            throw QuireException.BadFile(first.Path, $"is one of {count} parts of a split file, and its name does not end in -00001-of-{count:00000}.gguf; give the parts their names back");
        if (first.Metadata.OptionalCount("split.no") is > 0) throw QuireException.BadFile(first.Path, "is named as the first part of a split file and is another");
        for (int number = 2; number <= count; number++)
        {
            string path = Part(match, number);
            if (!File.Exists(path)) throw QuireException.BadFile(first.Path, $"is split into {count} parts; {Path.GetFileName(path)} is missing beside it");
            GgufFile part = GgufFile.Open(path);
            first.Adopt(part);
            if (part.Metadata.OptionalCount("split.no") != number - 1 || part.Metadata.OptionalCount("split.count") != count)
                throw QuireException.BadFile(path, $"is not part {number} of {count} of a split file");
        }
        if (first.Metadata.OptionalCount("split.tensors.count") is { } expected && expected != first.TensorNames.Count)
            throw QuireException.BadFile(first.Path, $"says that its parts hold {expected} tensors; they hold {first.TensorNames.Count}");
    }

    private static string Part(Match match, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{match.Groups[1].Value}-{number:00000}-of-{match.Groups[3].Value}.gguf");

    [GeneratedRegex(@"^(.*)-(\d{5})-of-(\d{5})\.gguf$", RegexOptions.CultureInvariant)]
    private static partial Regex PartName();
}
