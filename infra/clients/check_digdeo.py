"""digdeo-syspass-client 0.6.10, what the Ansible roles for sysPass use. It adds tokenPass where it is not needed, leaves
unset fields out, and takes an error of a create for "exists already" and searches."""

import unittest

from syspassclient import SyspassClient

import harness


def connect():
    syspass = harness.credentials["syspass"]
    # use_by_lookup: nothing from a configuration file of whoever runs this.
    client = SyspassClient(use_by_lookup=True, api_url=harness.url + "/api.php", authToken=syspass["authToken"],
                           tokenPass=syspass["tokenPass"])
    client.verbose = False  # it prints requests with their secrets, and the constructor takes no False
    return client


class CheckDigdeo(unittest.TestCase):
    def test_an_account(self):
        word, password, client = harness.tag(), harness.secret(), connect()
        category = client.category_create(name="Category " + word, description="d")
        customer = client.client_create(name="Client " + word, description="d")
        self.assertIsInstance(category, int)
        self.assertIsInstance(customer, int)
        account = client.account_create(name="Account " + word, categoryId=category, clientId=customer,
                                        password=password, login="root", url="ssh://h", notes="n")

        self.assertEqual(client.account_viewpass(account_id=account), password)
        self.assertEqual(client.account_view(account_id=account)["name"], "Account " + word)
        self.assertEqual(client.account_search(text="account " + word), account)
        self.assertEqual(client.account_search(text=word, matchall=True), account)
        self.assertEqual(client.account_search(text=word), None, "not the whole name")

        self.assertEqual(client.account_delete(account_id=account)["resultMessage"], "Account removed")
        self.assertEqual(client.account_search(text=word, matchall=True), None)

    def test_what_is_empty_is_deleted(self):
        word, client = harness.tag(), connect()
        category, customer = client.category_create(name="Category " + word, description="d"), client.client_create(name="Client " + word, description="d")
        self.assertEqual(client.category_delete(cid=category)["itemId"], category)
        self.assertEqual(client.client_delete(cid=customer), 0)
        self.assertEqual(client.category_search(text="Category " + word), None)
        self.assertEqual(client.client_search(text="Client " + word), None)

    def test_tags_and_groups(self):
        word, client = harness.tag(), connect()
        tag = client.tag_create(name="Tag " + word)
        self.assertIsInstance(tag, int)
        self.assertEqual(client.tag_create(name="Tag " + word), tag, "found instead")
        self.assertEqual(client.tag_view(tagid=tag), "Tag " + word)
        self.assertEqual(client.tag_delete(tagid=tag), 0)
        self.assertEqual(client.tag_search(text="Tag " + word), None)

        group = client.user_group_create(name="Group " + word, description="d", usersId=[1])
        self.assertIsInstance(group, int)
        self.assertEqual(client.user_group_create(name="group " + word, description="d", usersId=[1]), group, "found instead")
        self.assertEqual(client.user_group_delete(ugid=group)["resultMessage"], "Group deleted")

    def test_what_exists_is_found_instead(self):
        name, client = "Same " + harness.tag(), connect()
        for create in client.category_create, client.client_create:
            first = create(name=name, description="")
            self.assertIsInstance(first, int)
            self.assertEqual(create(name=name, description=""), first)


if __name__ == "__main__":
    harness.main()
