/** Words of the page on which one signs in. */
export const sign_in = {
  title: "Sign in",
  lead: "Sign in to see the fleet.",
  token: "Token",
  hint: "The admin or the viewer token from the hub’s environment. It is sent once and not kept by this page.",
  submit: "Sign in",
  missing: "Enter a token.",
  wrong: "This token is not known here. Check that it is whole, and that it is of this hub.",
  wait: "There were too many wrong tokens. Try again in {span}.",
  other: "Another site’s page has led here. Open the address of the hub itself.",
} as const;
