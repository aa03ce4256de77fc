using System.CommandLine;
using Quire.Cli;

namespace Quire.Tests.Cli;

public sealed class ParseErrorsTests
{
    [Theory]
    [InlineData("--node", "x", "--node x is not a whole number.")]
    [InlineData("--share", "half", "--share half is not a number.")]
    public void A_value_of_the_wrong_type_is_said_in_words(string flag, string value, string message)
    {
        var root = new RootCommand { new Option<int?>("--node"), new Option<double>("--share") };
        ParseErrors.Check(root.Parse([flag, "1"]));
        Assert.Equal(message, Assert.Throws<QuireException>(() => ParseErrors.Check(root.Parse([flag, value]))).Message);
    }
}
